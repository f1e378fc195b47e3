import { and, eq, notInArray, sql } from 'drizzle-orm';
import type { CatalogDraft, PriceDraft } from '../../schema/billing.ts';
import type { Owner } from '../../schema/context.ts';
import type { Transaction } from '../database/database.ts';
import { checkouts, features, prices, products, purchases } from '../database/tables.ts';
import { isOwnedIn, type PriceRow, type ProductRow } from './catalog-rows.ts';
import { featureColumns, priceColumns, productColumns } from './differences.ts';
import { type Match, matchOfPrice, matchOfProduct, type StoredCatalog } from './matches.ts';

/** Writes a catalog over what is stored. What is left out is no longer shown, and not sold unless Stripe sells it. */
export async function writeCatalog(
  transaction: Transaction,
  owner: Owner,
  stored: StoredCatalog,
  draft: CatalogDraft,
): Promise<void> {
  const { merchantId, environment } = owner;

  for (const [place, feature] of draft.features.entries()) {
    const columns = featureColumns(feature, place);
    await transaction
      .insert(features)
      .values({ merchantId, environment, ...columns })
      .onConflictDoUpdate({ target: [features.merchantId, features.environment, features.key], set: columns });
  }
  for (const [place, product] of draft.products.entries()) {
    const match = matchOfProduct(stored, product);
    await writeProduct(transaction, owner, match, productColumns(product, place, match.row));
    for (const [pricePlace, price] of product.prices.entries()) {
      await writePrice(transaction, owner, matchOfPrice(stored, price), price, product.key, pricePlace);
    }
  }

  const featureKeys = draft.features.map(({ key }) => key);
  const productKeys = draft.products.map(({ key }) => key);
  const priceKeys = draft.products.flatMap((product) => product.prices.map(({ key }) => key));
  await transaction
    .update(features)
    .set({ isActive: false })
    .where(and(isOwnedIn(features, owner), notInArray(features.key, featureKeys)));
  // What is at Stripe is active for as long as it is there: an import would say so again.
  await transaction
    .update(products)
    .set({
      isVisible: false,
      isDefault: false,
      isInCatalog: false,
      isActive: sql`is_active and stripe_product_id is not null`,
    })
    .where(and(isOwnedIn(products, owner), notInArray(products.key, productKeys)));
  await transaction
    .update(prices)
    .set({ isVisible: false, isActive: sql`is_active and stripe_price_id is not null` })
    .where(and(isOwnedIn(prices, owner), notInArray(prices.key, priceKeys)));
}

async function writeProduct(
  transaction: Transaction,
  owner: Owner,
  { row, twin }: Match<ProductRow>,
  columns: ReturnType<typeof productColumns>,
): Promise<void> {
  const { merchantId, environment } = owner;
  if (!row) return void (await transaction.insert(products).values({ merchantId, environment, ...columns }));
  if (twin) {
    await transaction
      .update(prices)
      .set({ productKey: row.key })
      .where(and(isOwnedIn(prices, owner), eq(prices.productKey, twin.key)));
    await transaction.delete(products).where(and(isOwnedIn(products, owner), eq(products.key, twin.key)));
  }
  await transaction
    .update(products)
    .set(columns)
    .where(and(isOwnedIn(products, owner), eq(products.key, row.key)));
}

async function writePrice(
  transaction: Transaction,
  owner: Owner,
  { row, twin }: Match<PriceRow>,
  price: PriceDraft,
  productKey: string,
  place: number,
): Promise<void> {
  const { merchantId, environment } = owner;
  const columns = priceColumns(price, productKey, place, row);
  if (!row) return void (await transaction.insert(prices).values({ merchantId, environment, ...columns }));
  if (twin) await transaction.delete(prices).where(and(isOwnedIn(prices, owner), eq(prices.key, twin.key)));
  await transaction
    .update(prices)
    .set(columns)
    .where(and(isOwnedIn(prices, owner), eq(prices.key, row.key)));
  if (row.key !== price.key) await renameSold(transaction, owner, row.key, price.key);
}

/** Whoever has something by its old key keeps it. */
async function renameSold(
  transaction: Transaction,
  { merchantId, environment }: Owner,
  from: string,
  to: string,
): Promise<void> {
  for (const table of [checkouts, purchases]) {
    await transaction
      .update(table)
      .set({ priceKey: to })
      .where(and(eq(table.merchantId, merchantId), eq(table.environment, environment), eq(table.priceKey, from)));
  }
  await transaction.execute(sql`
    update subscriptions set items = (
      select jsonb_agg(case when item->>'priceKey' = ${from}
        then jsonb_set(item, '{priceKey}', to_jsonb(${to}::text)) else item end order by place)
      from jsonb_array_elements(items) with ordinality as part(item, place))
    where merchant_id = ${merchantId} and environment = ${environment}
      and items @> jsonb_build_array(jsonb_build_object('priceKey', ${from}::text))`);
}
