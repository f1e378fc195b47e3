import { and, eq } from 'drizzle-orm';
import type { FeatureRecord, PriceRecord, ProductRecord } from '../../schema/billing.ts';
import type { Owner } from '../../schema/context.ts';
import type { Database, Transaction } from '../database/database.ts';
import { features, prices, products } from '../database/tables.ts';
import type { PriceForSale } from '../payments/payments.ts';

type Queryable = Database['db'] | Transaction;
type OwnedTable = typeof features | typeof products | typeof prices;

export const isOwnedIn = (table: OwnedTable, { merchantId, environment }: Owner) =>
  and(eq(table.merchantId, merchantId), eq(table.environment, environment));

export type PriceRow = typeof prices.$inferSelect;
export type ProductRow = typeof products.$inferSelect;
export type FeatureRow = typeof features.$inferSelect;

export const featureOf = ({ key, name, kind, unit }: FeatureRow): FeatureRecord => ({ key, name, kind, unit });

export const priceOf = (row: PriceRow): PriceRecord => ({
  key: row.key,
  productKey: row.productKey,
  currency: row.currency,
  unitAmount: row.unitAmount,
  recurring: row.interval === null ? null : { interval: row.interval, intervalCount: row.intervalCount ?? 1 },
  tiersMode: row.tiersMode,
  tiers: row.tiers,
  isActive: row.isActive,
  isVisible: row.isVisible,
});

export const priceForSaleOf = (price: PriceRow, product: Pick<ProductRow, 'name'>): PriceForSale => ({
  ...priceOf(price),
  stripePriceId: price.stripePriceId,
  productName: product.name,
});

export const readFeatures = (db: Queryable, owner: Owner): Promise<FeatureRow[]> =>
  db.select().from(features).where(isOwnedIn(features, owner)).orderBy(features.place, features.key);

export const readProducts = (db: Queryable, owner: Owner): Promise<ProductRow[]> =>
  db.select().from(products).where(isOwnedIn(products, owner)).orderBy(products.place, products.key);

export const readPrices = (db: Queryable, owner: Owner): Promise<PriceRow[]> =>
  db.select().from(prices).where(isOwnedIn(prices, owner)).orderBy(prices.place, prices.key);

/** Products with what they contain and cost, in the merchant's order. */
export function assemble(
  featureRows: readonly FeatureRow[],
  productRows: readonly ProductRow[],
  priceRows: readonly PriceRow[],
): ProductRecord[] {
  const featuresByKey = new Map(featureRows.filter(({ isActive }) => isActive).map((row) => [row.key, featureOf(row)]));
  return productRows.map(({ key, name, description, isActive, isVisible, isDefault, contents }) => ({
    key,
    name,
    description,
    isActive,
    isVisible,
    isDefault,
    features: contents.flatMap(({ key: featureKey, amount }) => {
      const feature = featuresByKey.get(featureKey);
      return feature ? [{ feature, amount: feature.kind === 'boolean' ? null : amount }] : [];
    }),
    prices: priceRows.filter(({ productKey }) => productKey === key).map(priceOf),
  }));
}
