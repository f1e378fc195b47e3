import DataLoader from 'dataloader';
import { builder } from '../builder.ts';
import type { EntitlementRecord, UsageRecord } from '../billing.ts';
import { Feature } from '../catalog/feature.ts';
import { type Context, ownerOf } from '../context.ts';
import { Customer } from '../customer/customer.ts';
import { ApiError, notFound } from '../errors.ts';
import type { CustomerId } from '../id.ts';

export const UsageType = builder.objectRef<UsageRecord>('Usage').implement({
  description: 'What was used of a quota in the period that is under way.',
  fields: (t) => ({
    feature: t.expose('feature', { type: Feature, description: 'Of what.' }),
    used: t.expose('used', { type: 'SafeInt', description: 'How many.' }),
    amount: t.expose('amount', {
      type: 'SafeInt',
      nullable: true,
      description: 'Of how many; `null` is as many as one likes.',
    }),
    remaining: t.field({
      type: 'SafeInt',
      nullable: true,
      description: 'How many are left; `null` is as many as one likes.',
      resolve: ({ amount, used }) => (amount === null ? null : Math.max(0, amount - used)),
    }),
    periodStart: t.expose('periodStart', { type: 'DateTime', description: 'Since when it is counted.' }),
    periodEnd: t.expose('periodEnd', {
      type: 'DateTime',
      nullable: true,
      description: 'When counting begins anew; `null` when that is not known.',
    }),
  }),
});

const Entitlement = builder.objectRef<EntitlementRecord>('Entitlement').implement({
  description: 'Whether the customer has a feature, and how much of it.',
  fields: (t) => ({
    feature: t.expose('feature', { type: Feature, description: 'The feature.' }),
    granted: t.exposeBoolean('isGranted', { description: 'Whether the customer has it.' }),
    amount: t.expose('amount', {
      type: 'SafeInt',
      nullable: true,
      description: 'Of a quota or limit; `null` is as many as one likes, and 0 when it is not granted.',
    }),
    usage: t.expose('usage', {
      type: UsageType,
      nullable: true,
      description: 'Of a quota only. Callers: secret key; session, with READ_USAGE.',
      authScopes: { $any: { merchant: true, customer: 'READ_USAGE' } },
    }),
  }),
});

/** However many fields of however many customers a request asks for: one question. */
function loadEntitlements({ loaders, caller, entitlements }: Context, id: CustomerId) {
  const loader = (loaders.entitlements ??= new DataLoader((ids) => entitlements.of(ownerOf(caller), ids)));
  return loader.load(id);
}

builder.objectFields(Customer, (t) => ({
  entitlements: t.field({
    type: [Entitlement],
    description: 'The features that the customer has. Callers: secret key; session, with READ_ENTITLEMENTS.',
    authScopes: { $any: { merchant: true, customer: 'READ_ENTITLEMENTS' } },
    resolve: async ({ id }, _args, context) =>
      (await loadEntitlements(context, id)).filter(({ isGranted }) => isGranted),
  }),
  feature: t.field({
    type: Entitlement,
    description:
      'Whether the customer has this feature; NOT_FOUND when there is none of that key. Callers: secret key; session, with READ_ENTITLEMENTS.',
    authScopes: { $any: { merchant: true, customer: 'READ_ENTITLEMENTS' } },
    args: { key: t.arg.id({ required: true, description: 'The key of the feature.' }) },
    resolve: async ({ id }, { key }, context) => {
      const all = await loadEntitlements(context, id);
      return all.find(({ feature }) => feature.key === key) ?? Promise.reject(notFound('Feature'));
    },
  }),
  usage: t.field({
    type: UsageType,
    description:
      'What was used of this quota in the period that is under way. Callers: secret key; session, with READ_USAGE.',
    authScopes: { $any: { merchant: true, customer: 'READ_USAGE' } },
    args: { featureKey: t.arg.id({ required: true, description: 'The key of a feature that is a quota.' }) },
    resolve: async ({ id }, { featureKey }, context) => {
      const all = await loadEntitlements(context, id);
      const found = all.find(({ feature }) => feature.key === featureKey);
      if (!found) throw notFound('Feature');
      if (!found.usage) throw notCounted();
      return found.usage;
    },
  }),
}));

const notCounted = () =>
  new ApiError('INVALID_INPUT', 'The input is not valid.', {
    problems: [{ path: ['featureKey'], message: 'must be a feature that is a quota: others are not counted' }],
  });
