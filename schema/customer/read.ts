import { z } from 'zod';
import { builder } from '../builder.ts';
import type { CustomerSelection } from '../context.ts';
import { connectionOf, pageRequestOf, pageSizeSchema } from '../page.ts';
import { externalId, printableText } from '../text.ts';
import { Customer, CustomerSource } from './customer.ts';

export const CustomerBy = builder.inputType('CustomerBy', {
  description: 'Which customer: exactly one of these.',
  isOneOf: true,
  validate: z.object({
    id: z.string().optional(),
    externalUserId: externalId.optional(),
    externalOrganizationId: externalId.optional(),
    stripeCustomerId: externalId.optional(),
  }),
  fields: (t) => ({
    id: t.id({ description: 'Its id.' }),
    externalUserId: t.id({ description: 'The merchant’s own id of the user.' }),
    externalOrganizationId: t.id({ description: 'The merchant’s own id of the organization.' }),
    stripeCustomerId: t.id({ description: 'Its id at Stripe.' }),
  }),
});

/** Which customer is meant; GraphQL guarantees that exactly one member is there. */
export function selectionOf(by: typeof CustomerBy.$inferInput): CustomerSelection {
  if (by.externalUserId !== undefined) return { kind: 'user', externalUserId: by.externalUserId };
  if (by.externalOrganizationId !== undefined)
    return { kind: 'organization', externalOrganizationId: by.externalOrganizationId };
  if (by.stripeCustomerId !== undefined) return { kind: 'stripe', stripeCustomerId: by.stripeCustomerId };
  return { kind: 'id', id: by.id ?? '' };
}

builder.queryField('customer', (t) =>
  t.withAuth({ merchant: true }).field({
    description: 'One customer of this merchant and environment. Callers: secret key.',
    type: Customer,
    nullable: true,
    args: { by: t.arg({ type: CustomerBy, required: true, description: 'Which customer.' }) },
    resolve: (_root, { by }, { caller, customers }) => customers.findBy(caller, selectionOf(by)),
  }),
);

const CustomerConnection = builder.connectionObject(
  { type: Customer, name: 'CustomerConnection', description: 'A page of customers, newest first.' },
  { name: 'CustomerEdge', description: 'A customer, and where it stands in the list.' },
);

const CustomerFilter = builder.inputType('CustomerFilter', {
  description: 'All that is given must hold.',
  fields: (t) => ({
    email: t.string({
      validate: printableText({ min: 1, max: 320 }).nullish(),
      description: 'The address, compared as binding compares: ASCII case and the spaces around it make no difference.',
    }),
    bound: t.boolean({ description: '`true`: those whose user or organization is known; `false`: the others.' }),
    source: t.field({ type: CustomerSource, description: 'Where they came from.' }),
  }),
});

builder.queryField('customers', (t) =>
  t.withAuth({ merchant: true }).field({
    description: 'The customers of this merchant and environment, newest first. Callers: secret key.',
    type: CustomerConnection,
    args: {
      first: t.arg.int({ defaultValue: 20, description: 'How many: 1–100.', validate: pageSizeSchema }),
      after: t.arg.string({ description: 'The cursor of the last customer of the page before.' }),
      filter: t.arg({ type: CustomerFilter, description: 'Which customers; all when left out.' }),
    },
    resolve: async (_root, { filter, ...args }, { caller, customers }) =>
      connectionOf(await customers.list(caller, pageRequestOf(args), filter ?? {}), args, ({ id }) => id),
  }),
);
