import type { PriceRecord } from '../../../schema/billing.ts';

/**
 * The end of a period that begins then. Months and years end on the day on which the subscription began, or on the last one
 * of a shorter month, as at Stripe. https://docs.stripe.com/billing/subscriptions/billing-cycle
 */
export function periodEndOf(start: Date, recurring: NonNullable<PriceRecord['recurring']>, anchor: Date): Date {
  const { interval, intervalCount } = recurring;
  if (interval === 'day' || interval === 'week') {
    const days = intervalCount * (interval === 'week' ? 7 : 1);
    return new Date(start.getTime() + days * 86_400_000);
  }
  const months = intervalCount * (interval === 'year' ? 12 : 1);
  const end = new Date(start);
  end.setUTCDate(1);
  end.setUTCMonth(end.getUTCMonth() + months);
  const lastDay = new Date(Date.UTC(end.getUTCFullYear(), end.getUTCMonth() + 1, 0)).getUTCDate();
  end.setUTCDate(Math.min(anchor.getUTCDate(), lastDay));
  return end;
}
