import { and, eq, notInArray, sql } from 'drizzle-orm';
import type { CatalogDraft } from '../../schema/billing.ts';
import type { Owner } from '../../schema/context.ts';
import type { Transaction } from '../database/database.ts';
import { features, prices, products } from '../database/tables.ts';
import { isOwnedIn } from './catalog-rows.ts';
import {
  featureColumns,
  priceColumns,
  productColumns,
  type StoredCatalog,
  storedPrice,
  storedProduct,
} from './differences.ts';

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
    const columns = productColumns(product, place);
    const row = storedProduct(stored, product);
    if (row) {
      await transaction
        .update(products)
        .set(columns)
        .where(and(isOwnedIn(products, owner), eq(products.key, row.key)));
    } else await transaction.insert(products).values({ merchantId, environment, ...columns });

    for (const [pricePlace, price] of product.prices.entries()) {
      const ofPrice = priceColumns(price, product.key, pricePlace);
      const known = storedPrice(stored, price);
      if (known) {
        await transaction
          .update(prices)
          .set(ofPrice)
          .where(and(isOwnedIn(prices, owner), eq(prices.key, known.key)));
      } else await transaction.insert(prices).values({ merchantId, environment, ...ofPrice });
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
    .set({ isVisible: false, isDefault: false, isActive: sql`is_active and stripe_product_id is not null` })
    .where(and(isOwnedIn(products, owner), notInArray(products.key, productKeys)));
  await transaction
    .update(prices)
    .set({ isVisible: false, isActive: sql`is_active and stripe_price_id is not null` })
    .where(and(isOwnedIn(prices, owner), notInArray(prices.key, priceKeys)));
}
