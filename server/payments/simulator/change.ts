import type { PlanChangePreview } from '../../../schema/billing.ts';
import type { PriceForSale, RunningSubscription } from '../payments.ts';
import { amountOf, partOf } from './amount.ts';
import { dueOf, totalOf } from './account.ts';
import { periodEndOf } from './period.ts';

export interface PlanChange {
  readonly price: PriceForSale;
  readonly quantity: number;
  readonly currency: string;
  readonly cancelAtPeriodEnd: boolean;
  readonly lines: PlanChangePreview['lines'];
  readonly currentPeriodStart: Date;
  readonly currentPeriodEnd: Date;
  /** `undefined`: as before. */
  readonly periodAnchor: Date | undefined;
}

/**
 * What a change to this plan comes to now. Within an interval what is left of the period is given back of the old plan and
 * paid of the new one; another interval begins a new period. https://docs.stripe.com/billing/subscriptions/prorations
 */
export function changeTo(
  subscription: RunningSubscription,
  { price, quantity }: { readonly price: PriceForSale; readonly quantity: number },
  now: Date,
): PlanChange {
  const { items, currentPeriodStart, currentPeriodEnd, cancelAtPeriodEnd } = subscription;
  const old = items[0];
  const start = currentPeriodStart ?? now;
  const end = currentPeriodEnd ?? now;
  const lengthMs = Math.max(1, end.getTime() - start.getTime());
  const left = Math.min(1, Math.max(0, (end.getTime() - now.getTime()) / lengthMs));
  const given = old?.price ? partOf(amountOf(old.price, old.quantity), left) : 0;
  const taken = amountOf(price, quantity);
  const isSameInterval =
    old?.price?.recurring?.interval === price.recurring?.interval &&
    old?.price?.recurring?.intervalCount === price.recurring?.intervalCount;
  const back = { description: `Unused time on ${old?.price?.productName ?? 'the old plan'}`, amount: -given };
  const forward = isSameInterval
    ? { description: `Remaining time on ${price.productName}`, amount: partOf(taken, left) }
    : { description: price.productName, amount: taken };
  const newEnd = price.recurring ? periodEndOf(now, price.recurring, now) : end;
  return {
    price,
    quantity,
    currency: price.currency,
    cancelAtPeriodEnd,
    lines: [back, forward].filter(({ amount }) => amount !== 0),
    currentPeriodStart: isSameInterval ? start : now,
    currentPeriodEnd: isSameInterval ? end : newEnd,
    periodAnchor: isSameInterval ? undefined : now,
  };
}

/** @param credit what was given back before, minor units. */
export const previewOf = (change: PlanChange, credit: number): PlanChangePreview => {
  const total = totalOf(change.lines);
  return {
    currency: change.currency,
    amountDueNow: total < 0 ? total : dueOf(total, credit),
    lines: change.lines,
    recurringAmount: amountOf(change.price, change.quantity),
    nextInvoiceAt: change.cancelAtPeriodEnd ? null : change.currentPeriodEnd,
  };
};

/** Whether the subscription is that already. */
export const isSamePlan = (
  { items }: RunningSubscription,
  { price, quantity }: { readonly price: PriceForSale; readonly quantity: number },
): boolean => items.length === 1 && items[0]?.price?.key === price.key && items[0].quantity === quantity;
