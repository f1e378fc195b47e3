import type { PlanChoice, SubscriptionRecord, Subscriptions } from '../../schema/billing.ts';
import type { CustomerCaller } from '../../schema/context.ts';
import { ApiError } from '../../schema/errors.ts';
import type { Database } from '../database/database.ts';
import type { PaymentsFor } from '../payments/payments-for.ts';
import type { PriceForSale, RunningSubscription } from '../payments/payments.ts';
import { readOffer } from './offer.ts';
import { hasEnded, isRunning, readCurrent, runningOf, subscriptionOf } from './subscription-rows.ts';

interface SubscriptionsOptions {
  readonly database: Pick<Database, 'db'>;
  readonly paymentsFor: PaymentsFor;
}

/** What customers have subscribed to, and how they change it. */
export function createSubscriptions({ database: { db }, paymentsFor }: SubscriptionsOptions): Subscriptions {
  async function currentOf(caller: CustomerCaller): Promise<SubscriptionRecord> {
    const [current] = await readCurrent(db, caller, [caller.customerId]);
    if (!current) throw noneRuns();
    return subscriptionOf(current);
  }

  async function runningSubscriptionOf(caller: CustomerCaller): Promise<RunningSubscription> {
    const [current] = await readCurrent(db, caller, [caller.customerId]);
    if (!current || !isRunning(current.row)) throw noneRuns();
    return runningOf(current);
  }

  async function changeOf(caller: CustomerCaller, { priceKey, quantity }: PlanChoice) {
    const subscription = await runningSubscriptionOf(caller);
    const price = await readOffer(db, caller, priceKey);
    refuseUnfit(subscription, price);
    return { subscription, to: { price, quantity } };
  }

  return {
    async current(owner, customerIds) {
      const found = (await readCurrent(db, owner, customerIds)).map(subscriptionOf);
      return customerIds.map((id) => found.find(({ customerId }) => customerId === id) ?? null);
    },

    async previewChange(caller, choice) {
      const { subscription, to } = await changeOf(caller, choice);
      return (await paymentsFor(caller, subscription)).previewChange(caller, subscription, to);
    },

    async changePlan(caller, choice) {
      const { subscription, to } = await changeOf(caller, choice);
      await (await paymentsFor(caller, subscription)).changePlan(caller, subscription, to);
      return currentOf(caller);
    },

    async cancel(caller, at) {
      const [current] = await readCurrent(db, caller, [caller.customerId]);
      if (!current) throw noneRuns();
      // Also one that is not paid for goes on at Stripe until somebody ends it.
      if (!hasEnded(current.row)) await (await paymentsFor(caller, current.row)).cancel(caller, runningOf(current), at);
      return currentOf(caller);
    },

    async resume(caller) {
      const subscription = await runningSubscriptionOf(caller);
      if (subscription.cancelAtPeriodEnd) await (await paymentsFor(caller, subscription)).resume(caller, subscription);
      return currentOf(caller);
    },
  };
}

function refuseUnfit({ items }: RunningSubscription, price: PriceForSale): void {
  if (!price.recurring) throw conflict('This price is paid once: buy it by a checkout.');
  if (items.length > 1) throw conflict('This subscription has several parts: the merchant changes it.');
  const currency = items[0]?.price?.currency;
  if (currency !== undefined && currency !== price.currency) {
    throw conflict(`A subscription keeps its currency, which is ${currency}.`);
  }
}

const conflict = (message: string) => new ApiError('CONFLICT', message);
const noneRuns = () => conflict('No subscription is running.');
