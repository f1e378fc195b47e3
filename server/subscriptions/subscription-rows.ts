import { and, eq, inArray, or, sql } from 'drizzle-orm';
import type { SubscriptionItemRecord, SubscriptionRecord, SubscriptionStatus } from '../../schema/billing.ts';
import type { Owner } from '../../schema/context.ts';
import type { CustomerId } from '../../schema/id.ts';
import { isOwnedIn, priceForSaleOf, priceOf, type PriceRow, type ProductRow } from '../catalog/catalog-rows.ts';
import type { Database, Transaction } from '../database/database.ts';
import { prices, products, subscriptions } from '../database/tables.ts';
import type { RunningSubscription } from '../payments/payments.ts';

type Queryable = Database['db'] | Transaction;
type SubscriptionRow = typeof subscriptions.$inferSelect;

/** While one of these holds, a customer has what it subscribed to. */
export const runningStatuses = ['trialing', 'active', 'past_due'] as const satisfies readonly SubscriptionStatus[];

export const isRunning = ({ status }: { status: SubscriptionStatus }) =>
  runningStatuses.some((running) => running === status);

/** Nothing comes of it any more. */
export const hasEnded = ({ status }: { status: SubscriptionStatus }) =>
  status === 'canceled' || status === 'incomplete_expired';

interface PricedItem {
  readonly price: PriceRow | undefined;
  readonly product: ProductRow | undefined;
  readonly quantity: number;
}

interface PricedSubscription {
  readonly row: SubscriptionRow;
  readonly items: readonly PricedItem[];
}

/** Of each customer the one that counts: one that runs before one that ended, the newest first. */
export async function readCurrent(
  db: Queryable,
  { merchantId, environment }: Owner,
  customerIds: readonly CustomerId[],
): Promise<PricedSubscription[]> {
  if (customerIds.length === 0) return [];
  const rows = await db
    .selectDistinctOn([subscriptions.customerId])
    .from(subscriptions)
    .where(
      and(
        eq(subscriptions.merchantId, merchantId),
        eq(subscriptions.environment, environment),
        inArray(subscriptions.customerId, [...customerIds]),
      ),
    )
    .orderBy(
      subscriptions.customerId,
      sql`(${inArray(subscriptions.status, [...runningStatuses])}) desc`,
      sql`${subscriptions.createdAt} desc`,
      sql`${subscriptions.id} desc`,
    );
  return priced(db, { merchantId, environment }, rows);
}

export async function readSubscription(
  db: Queryable,
  { merchantId, environment }: Owner,
  id: string,
): Promise<PricedSubscription | undefined> {
  const rows = await db
    .select()
    .from(subscriptions)
    .where(
      and(
        eq(subscriptions.merchantId, merchantId),
        eq(subscriptions.environment, environment),
        eq(subscriptions.id, id),
      ),
    );
  return (await priced(db, { merchantId, environment }, rows))[0];
}

/** With prices and products, however many there are in one statement. */
async function priced(db: Queryable, owner: Owner, rows: readonly SubscriptionRow[]): Promise<PricedSubscription[]> {
  const items = rows.flatMap((row) => row.items);
  const keys = items.flatMap(({ priceKey }) => priceKey ?? []);
  const stripeIds = items.flatMap(({ stripePriceId }) => stripePriceId ?? []);
  const found =
    items.length === 0
      ? []
      : await db
          .select({ price: prices, product: products })
          .from(prices)
          .innerJoin(
            products,
            and(
              eq(products.merchantId, prices.merchantId),
              eq(products.environment, prices.environment),
              eq(products.key, prices.productKey),
            ),
          )
          .where(
            and(isOwnedIn(prices, owner), or(inArray(prices.key, keys), inArray(prices.stripePriceId, stripeIds))),
          );
  return rows.map((row) => ({
    row,
    items: row.items.map(({ priceKey, stripePriceId, quantity }) => {
      const match = found.find(({ price }) =>
        priceKey === undefined ? price.stripePriceId === stripePriceId : price.key === priceKey,
      );
      return { price: match?.price, product: match?.product, quantity: quantity ?? 1 };
    }),
  }));
}

export const subscriptionOf = ({ row, items }: PricedSubscription): SubscriptionRecord => ({
  id: row.id,
  customerId: row.customerId,
  status: row.status,
  items: items.map(({ price, product, quantity }): SubscriptionItemRecord => ({
    price: price ? priceOf(price) : null,
    product: product ? { key: product.key, name: product.name, description: product.description } : null,
    quantity,
  })),
  currentPeriodStart: row.currentPeriodStart,
  currentPeriodEnd: row.currentPeriodEnd,
  cancelAtPeriodEnd: row.cancelAtPeriodEnd,
  canceledAt: row.canceledAt,
  trialEnd: row.trialEnd,
  createdAt: row.createdAt,
});

export const runningOf = ({ row, items }: PricedSubscription): RunningSubscription => ({
  id: row.id,
  stripeSubscriptionId: row.stripeSubscriptionId,
  customerId: row.customerId,
  status: row.status,
  items: items.map(({ price, product, quantity }) => ({
    price: price && product ? priceForSaleOf(price, product) : null,
    quantity,
  })),
  currentPeriodStart: row.currentPeriodStart,
  currentPeriodEnd: row.currentPeriodEnd,
  cancelAtPeriodEnd: row.cancelAtPeriodEnd,
});
