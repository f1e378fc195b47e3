import DataLoader from 'dataloader';
import { builder } from '../builder.ts';
import type { SubscriptionItemRecord, SubscriptionRecord, SubscriptionStatus as Status } from '../billing.ts';
import { Price } from '../catalog/price.ts';
import { type Context, ownerOf } from '../context.ts';
import { Customer } from '../customer/customer.ts';
import type { CustomerId } from '../id.ts';

const statuses: Record<Status, string> = {
  incomplete: 'Its first payment has not come yet.',
  incomplete_expired: 'Its first payment never came.',
  trialing: 'It can be used, and is not paid yet.',
  active: 'It is paid.',
  past_due: 'A payment failed, and is tried again; it can be used meanwhile.',
  canceled: 'It has ended.',
  unpaid: 'Payments failed, and are not tried again.',
  paused: 'It waits: its trial ended without a way to pay.',
};

export const SubscriptionStatus = builder.enumType('SubscriptionStatus', {
  description:
    'Where a subscription stands, as Stripe has it. https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses',
  values: Object.fromEntries(
    Object.entries(statuses).map(([value, description]) => [value.toUpperCase(), { value, description }]),
  ) as Record<Uppercase<Status>, { value: Status; description: string }>,
});

const SubscribedProduct = builder
  .objectRef<NonNullable<SubscriptionItemRecord['product']>>('SubscribedProduct')
  .implement({
    description: 'A product that somebody subscribed to, whether it is still for sale or not.',
    fields: (t) => ({
      key: t.exposeID('key', { description: 'The merchant’s own name for it.' }),
      name: t.exposeString('name', { description: 'What customers read.' }),
      description: t.exposeString('description', {
        nullable: true,
        description: 'What customers read below the name.',
      }),
    }),
  });

const SubscriptionItem = builder.objectRef<SubscriptionItemRecord>('SubscriptionItem').implement({
  description: 'A part of a subscription.',
  fields: (t) => ({
    price: t.expose('price', { type: Price, nullable: true, description: '`null` when the price is not known here.' }),
    product: t.expose('product', {
      type: SubscribedProduct,
      nullable: true,
      description: '`null` when the price is not known here.',
    }),
    quantity: t.expose('quantity', { type: 'SafeInt', description: 'How many.' }),
  }),
});

export const Subscription = builder.objectRef<SubscriptionRecord>('Subscription').implement({
  description: 'What a customer has subscribed to.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Its id; at Stripe where it is Stripe’s.' }),
    status: t.expose('status', { type: SubscriptionStatus, description: 'Where it stands.' }),
    items: t.expose('items', { type: [SubscriptionItem], description: 'What it consists of.' }),
    currentPeriodStart: t.expose('currentPeriodStart', {
      type: 'DateTime',
      nullable: true,
      description: 'When the period began that is under way.',
    }),
    currentPeriodEnd: t.expose('currentPeriodEnd', {
      type: 'DateTime',
      nullable: true,
      description: 'Until when it is paid.',
    }),
    cancelAtPeriodEnd: t.exposeBoolean('cancelAtPeriodEnd', {
      description: 'Whether it ends with the period that is under way.',
    }),
    canceledAt: t.expose('canceledAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was canceled; it may still run.',
    }),
    trialEnd: t.expose('trialEnd', { type: 'DateTime', nullable: true, description: 'When its trial ends or ended.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it began.' }),
  }),
});

/** However many fields of however many customers a request asks for: one question. */
function loadSubscription({ loaders, caller, subscriptions }: Context, id: CustomerId) {
  const loader = (loaders.subscriptions ??= new DataLoader((ids) => subscriptions.current(ownerOf(caller), ids)));
  return loader.load(id);
}

builder.objectField(Customer, 'subscription', (t) =>
  t.field({
    type: Subscription,
    nullable: true,
    description:
      'The subscription that counts: one that runs before one that ended. Callers: secret key; session, with READ_SUBSCRIPTION.',
    authScopes: { $any: { merchant: true, customer: 'READ_SUBSCRIPTION' } },
    resolve: ({ id }, _args, context) => loadSubscription(context, id),
  }),
);
