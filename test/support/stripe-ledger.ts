import type { StripeObject } from './stripe-account.ts';

/** A price as Stripe writes it. */
export interface LedgerPrice extends StripeObject {
  readonly id: string;
  readonly product: string;
  readonly unit_amount: number;
  readonly recurring: { readonly interval: 'month' | 'year'; readonly interval_count: number } | null;
}

export interface LedgerItem {
  readonly id: string;
  readonly price: LedgerPrice;
  readonly quantity: number;
  readonly current_period_start: number;
  readonly current_period_end: number;
}

export interface LedgerSubscription {
  readonly id: string;
  readonly customer: string;
  status: string;
  items: { object: 'list'; data: LedgerItem[]; has_more: false };
  cancel_at_period_end: boolean;
  canceled_at: number | null;
  trial_end: number | null;
  default_payment_method: string | null;
  readonly [field: string]: unknown;
}

export interface LedgerLine {
  readonly description: string;
  readonly amount: number;
  readonly period: { readonly start: number; readonly end: number };
}

export interface Choice {
  readonly price: LedgerPrice;
  readonly quantity: number;
}

const daySeconds = 86_400;

export const periodSecondsOf = ({ recurring }: LedgerPrice) =>
  (recurring?.interval === 'year' ? 365 : 30) * (recurring?.interval_count ?? 1) * daySeconds;

const nameOf = ({ price, quantity }: Choice) => `${quantity} × ${price.product}`;

/** The period that a change at this moment leads to: another interval begins anew. */
export function periodAfter(item: LedgerItem, choice: Choice, atSeconds: number) {
  const isSameInterval = periodSecondsOf(item.price) === periodSecondsOf(choice.price);
  return isSameInterval
    ? { start: item.current_period_start, end: item.current_period_end }
    : { start: atSeconds, end: atSeconds + periodSecondsOf(choice.price) };
}

/** What Stripe writes on the invoice of a change: what was not used is given back, the new is paid for the time that is left. */
export function prorationOf(item: LedgerItem, choice: Choice, atSeconds: number): LedgerLine[] {
  if (item.price.id === choice.price.id && item.quantity === choice.quantity) return [];
  const { current_period_start: start, current_period_end: end } = item;
  const left = (end - atSeconds) / (end - start);
  const period = periodAfter(item, choice, atSeconds);
  const isAnew = period.start === atSeconds;
  return [
    {
      description: `Unused time on ${nameOf(item)}`,
      amount: -Math.round(item.price.unit_amount * item.quantity * left),
      period: { start: atSeconds, end },
    },
    {
      description: isAnew ? nameOf(choice) : `Remaining time on ${nameOf(choice)}`,
      amount: Math.round(choice.price.unit_amount * choice.quantity * (isAnew ? 1 : left)),
      period: { start: atSeconds, end: period.end },
    },
  ];
}

/** What the next period costs. */
export const renewalOf = (choice: Choice, fromSeconds: number): LedgerLine[] => [
  {
    description: nameOf(choice),
    amount: choice.price.unit_amount * choice.quantity,
    period: { start: fromSeconds, end: fromSeconds + periodSecondsOf(choice.price) },
  },
];

export const totalOf = (lines: readonly LedgerLine[]) => lines.reduce((sum, { amount }) => sum + amount, 0);

/** What an invoice comes to, after what the customer has to its credit, a negative balance. */
export function dueOf(total: number, balance: number): { amountDue: number; balance: number } {
  const amountDue = Math.max(0, total + balance);
  return { amountDue, balance: total + balance - amountDue };
}
