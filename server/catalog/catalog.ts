import { sql } from 'drizzle-orm';
import type { Catalog } from '../../schema/billing.ts';
import { ApiError } from '../../schema/errors.ts';
import type { Database } from '../database/database.ts';
import { assemble, readFeatures, readPrices, readProducts } from './catalog-rows.ts';
import { differences } from './differences.ts';
import { clashesOf } from './matches.ts';
import { writeCatalog } from './write.ts';

interface CatalogOptions {
  readonly database: Pick<Database, 'db' | 'transaction'>;
}

/** What the merchant sells. */
export function createCatalog({ database }: CatalogOptions): Catalog {
  return {
    async products(caller) {
      const { db } = database;
      const [featureRows, productRows, priceRows] = await Promise.all([
        readFeatures(db, caller),
        readProducts(db, caller),
        readPrices(db, caller),
      ]);
      const all = assemble(featureRows, productRows, priceRows);
      if (caller.kind === 'merchant') return all;
      return all.filter(isForSale).map((product) => ({ ...product, prices: product.prices.filter(isForSale) }));
    },

    apply: (merchant, draft, mode) =>
      database.transaction(async (transaction) => {
        // Two at once would each see half of the other.
        await transaction.execute(
          sql`select pg_advisory_xact_lock(hashtextextended(${`catalog:${merchant.merchantId}:${merchant.environment}`}, 0))`,
        );
        const stored = {
          features: await readFeatures(transaction, merchant),
          products: await readProducts(transaction, merchant),
          prices: await readPrices(transaction, merchant),
        };
        const clashes = clashesOf(stored, draft);
        if (clashes.length > 0) throw conflict('These keys stand for something else already', clashes);
        const { changes, repriced } = differences(stored, draft);
        if (repriced.length > 0) throw conflict('What was sold keeps its price. Give these new keys', repriced);
        if (mode === 'real' && changes.length > 0) await writeCatalog(transaction, merchant, stored, draft);
        return changes;
      }),
  };
}

const isForSale = ({ isActive, isVisible }: { readonly isActive: boolean; readonly isVisible: boolean }) =>
  isActive && isVisible;

const conflict = (what: string, keys: readonly string[]) =>
  new ApiError('CONFLICT', `${what}: ${keys.slice(0, 20).join(', ')}.`);
