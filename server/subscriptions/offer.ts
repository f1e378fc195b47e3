import { and, eq } from 'drizzle-orm';
import type { Owner } from '../../schema/context.ts';
import { notFound } from '../../schema/errors.ts';
import { isOwnedIn, priceForSaleOf } from '../catalog/catalog-rows.ts';
import type { Database, Transaction } from '../database/database.ts';
import { prices, products } from '../database/tables.ts';
import type { PriceForSale } from '../payments/payments.ts';

/** A price that customers may buy. What is hidden, archived, somebody else's or not there is the same NOT_FOUND. */
export async function readOffer(
  db: Database['db'] | Transaction,
  owner: Owner,
  priceKey: string,
): Promise<PriceForSale> {
  const [row] = await db
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
      and(
        isOwnedIn(prices, owner),
        eq(prices.key, priceKey),
        eq(prices.isActive, true),
        eq(prices.isVisible, true),
        eq(products.isActive, true),
        eq(products.isVisible, true),
      ),
    );
  // Without an amount it is the buyer who says what it costs: nobody is asked that here.
  if (!row || (row.price.unitAmount === null && row.price.tiersMode === null)) throw notFound('Price');
  return priceForSaleOf(row.price, row.product);
}
