import type { PriceFragment, ProductFragment, SubscriptionFragment } from '../../generated.ts';

type Recurring = PriceFragment['recurring'];

/** How long a period is: for the order only. */
const dayCounts = { DAY: 1, WEEK: 7, MONTH: 30, YEAR: 365 };

/** Names a period: the same for all prices that are paid as often. */
export const periodKeyOf = (recurring: NonNullable<Recurring>): string =>
  `${recurring.intervalCount} ${recurring.interval}`;

/** How often products can be paid, shortest first. */
export function periodsOf(products: readonly ProductFragment[]): NonNullable<Recurring>[] {
  const all = products.flatMap(({ prices }) => prices.flatMap(({ recurring }) => recurring ?? []));
  const byKey = new Map(all.map((recurring) => [periodKeyOf(recurring), recurring]));
  const daysOf = ({ interval, intervalCount }: NonNullable<Recurring>) => dayCounts[interval] * intervalCount;
  return [...byKey.values()].toSorted((one, other) => daysOf(one) - daysOf(other));
}

/** The price of a product for this period, else the one that it has. */
export const priceFor = ({ prices }: ProductFragment, periodKey: string | undefined): PriceFragment | undefined =>
  prices.find(({ recurring }) => recurring && periodKeyOf(recurring) === periodKey) ?? prices[0];

/** A plan that can be changed to. */
export interface Plan {
  readonly product: ProductFragment;
  readonly price: PriceFragment;
}

/** Everything that is paid repeatedly. */
export const plansOf = (products: readonly ProductFragment[]): Plan[] =>
  products.flatMap((product) =>
    product.prices.filter(({ recurring }) => recurring).map((price) => ({ product, price })),
  );

const ended = new Set(['CANCELED', 'INCOMPLETE_EXPIRED']);

/** A subscription that has not ended: it is changed, not bought anew. */
export const runningOf = (subscription: SubscriptionFragment | null | undefined): SubscriptionFragment | undefined =>
  subscription && !ended.has(subscription.status) ? subscription : undefined;
