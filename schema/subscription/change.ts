import { z } from 'zod';
import { builder } from '../builder.ts';
import type { AmountLine as Line, PlanChangePreview as Preview } from '../billing.ts';
import { externalId } from '../text.ts';
import { Subscription } from './subscription.ts';

/** How many of a price; nobody means a billion. */
export const quantitySchema = z
  .int({ error: 'must be a whole number' })
  .min(1, { error: 'must be at least 1' })
  .max(10_000, { error: 'must be at most 10000' })
  .nullish();

export const AmountLine = builder.objectRef<Line>('AmountLine').implement({
  description: 'What is paid, or given back, and for what.',
  fields: (t) => ({
    description: t.exposeString('description', { description: 'For what.' }),
    amount: t.expose('amount', { type: 'SafeInt', description: 'Minor units; negative: given back.' }),
  }),
});

const PlanInput = builder.inputType('PlanInput', {
  description: 'What to subscribe to.',
  validate: z.object({ price: externalId, quantity: quantitySchema }),
  fields: (t) => ({
    price: t.id({ required: true, description: 'The key of a price that is for sale and paid repeatedly.' }),
    quantity: t.int({ defaultValue: 1, description: 'How many: 1–10000.' }),
  }),
});

const choiceOf = ({ price, quantity }: typeof PlanInput.$inferInput) => ({ priceKey: price, quantity: quantity ?? 1 });

const PlanChangePreview = builder.objectRef<Preview>('PlanChangePreview').implement({
  description: 'What a change of plan costs, before it is made.',
  fields: (t) => ({
    currency: t.exposeString('currency', { description: 'ISO 4217, lower case; amounts are its minor units.' }),
    amountDueNow: t.expose('amountDueNow', {
      type: 'SafeInt',
      description: 'What is paid at once; negative: kept for the next invoices.',
    }),
    lines: t.expose('lines', { type: [AmountLine], description: 'What that consists of.' }),
    recurringAmount: t.expose('recurringAmount', {
      type: 'SafeInt',
      description: 'What each period costs from then on.',
    }),
    nextInvoiceAt: t.expose('nextInvoiceAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the next period is paid.',
    }),
  }),
});

const CancellationMoment = builder.enumType('CancellationMoment', {
  description: 'When a canceled subscription ends.',
  values: {
    PERIOD_END: { value: 'periodEnd', description: 'With the period that is paid.' },
    NOW: { value: 'now', description: 'At once; nothing is given back.' },
  } as const,
});

builder.queryField('previewPlanChange', (t) =>
  t.withAuth({ customer: 'MANAGE_SUBSCRIPTION' }).field({
    description: 'What a change of plan would cost. Callers: session, with MANAGE_SUBSCRIPTION.',
    type: PlanChangePreview,
    args: { input: t.arg({ type: PlanInput, required: true, description: 'The plan to change to.' }) },
    resolve: (_root, { input }, { caller, subscriptions }) => subscriptions.previewChange(caller, choiceOf(input)),
  }),
);

builder.mutationField('changePlan', (t) =>
  t.withAuth({ customer: 'MANAGE_SUBSCRIPTION' }).field({
    description:
      'Change the plan at once, and pay the difference. The same again changes nothing; after PAYMENT_FAILED it is as it was. Callers: session, with MANAGE_SUBSCRIPTION.',
    type: Subscription,
    args: { input: t.arg({ type: PlanInput, required: true, description: 'The plan to change to.' }) },
    resolve: (_root, { input }, { caller, subscriptions }) => subscriptions.changePlan(caller, choiceOf(input)),
  }),
);

builder.mutationField('cancelSubscription', (t) =>
  t.withAuth({ customer: 'MANAGE_SUBSCRIPTION' }).field({
    description: 'Cancel the subscription; once more changes nothing. Callers: session, with MANAGE_SUBSCRIPTION.',
    type: Subscription,
    args: { at: t.arg({ type: CancellationMoment, defaultValue: 'periodEnd', description: 'When it ends.' }) },
    resolve: (_root, { at }, { caller, subscriptions }) => subscriptions.cancel(caller, at ?? 'periodEnd'),
  }),
);

builder.mutationField('resumeSubscription', (t) =>
  t.withAuth({ customer: 'MANAGE_SUBSCRIPTION' }).field({
    description:
      'Take back a cancellation while the subscription still runs. Callers: session, with MANAGE_SUBSCRIPTION.',
    type: Subscription,
    resolve: (_root, _args, { caller, subscriptions }) => subscriptions.resume(caller),
  }),
);
