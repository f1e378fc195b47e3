import { isDeepStrictEqual } from 'node:util';
import type { CatalogChange, CatalogDraft, PriceDraft, ProductDraft } from '../../schema/billing.ts';
import type { FeatureRow, PriceRow, ProductRow } from './catalog-rows.ts';

export interface StoredCatalog {
  readonly features: readonly FeatureRow[];
  readonly products: readonly ProductRow[];
  readonly prices: readonly PriceRow[];
}

/** The columns that a draft decides, one table a function, so that what is compared is also what is written. */
export const featureColumns = ({ key, name, kind, unit }: CatalogDraft['features'][number], place: number) => ({
  key,
  name,
  kind,
  unit,
  place,
  isActive: true,
});

export const productColumns = (product: ProductDraft, place: number) => ({
  key: product.key,
  stripeProductId: product.stripeProductId,
  name: product.name,
  description: product.description,
  isVisible: product.isVisible,
  isDefault: product.isDefault,
  contents: product.features.map(({ key, amount }) => ({ key, amount })),
  place,
  isActive: true,
});

export const priceColumns = (price: PriceDraft, productKey: string, place: number) => ({
  key: price.key,
  stripePriceId: price.stripePriceId,
  productKey,
  currency: price.currency,
  unitAmount: price.unitAmount,
  interval: price.recurring?.interval ?? null,
  intervalCount: price.recurring?.intervalCount ?? null,
  tiersMode: price.tiersMode,
  tiers: price.tiers,
  isVisible: price.isVisible,
  place,
  isActive: true,
});

/** What makes a price what it is: whoever bought it agreed to that. */
const terms = ['productKey', 'currency', 'unitAmount', 'interval', 'intervalCount', 'tiersMode', 'tiers'] as const;

/** What Stripe has is found by its id there, whatever it is called here. */
export const storedProduct = ({ products }: StoredCatalog, { key, stripeProductId }: ProductDraft) =>
  products.find((row) => stripeProductId !== null && row.stripeProductId === stripeProductId) ??
  products.find((row) => row.key === key);

export const storedPrice = ({ prices }: StoredCatalog, { key, stripePriceId }: PriceDraft) =>
  prices.find((row) => stripePriceId !== null && row.stripePriceId === stripePriceId) ??
  prices.find((row) => row.key === key);

export function differences(
  stored: StoredCatalog,
  draft: CatalogDraft,
): { readonly changes: CatalogChange[]; readonly repriced: string[] } {
  const changes: CatalogChange[] = [];
  const repriced: string[] = [];

  const compare = (what: CatalogChange['what'], row: object | undefined, columns: { readonly key: string }) => {
    if (!row) return void changes.push({ kind: 'create', what, key: columns.key, fields: [] });
    const fields = changedFields(row, columns);
    if (fields.length > 0) changes.push({ kind: 'update', what, key: columns.key, fields });
  };

  for (const [place, feature] of draft.features.entries()) {
    const row = stored.features.find(({ key }) => key === feature.key);
    compare('feature', row, featureColumns(feature, place));
  }
  const keptProducts = new Set<string>();
  const keptPrices = new Set<string>();
  for (const [place, product] of draft.products.entries()) {
    const productRow = storedProduct(stored, product);
    if (productRow) keptProducts.add(productRow.key);
    compare('product', productRow, productColumns(product, place));
    for (const [pricePlace, price] of product.prices.entries()) {
      const row = storedPrice(stored, price);
      const columns = priceColumns(price, product.key, pricePlace);
      compare('price', row, columns);
      if (!row) continue;
      keptPrices.add(row.key);
      // A product that is only renamed takes its prices along.
      const known = { ...row, productKey: row.productKey === productRow?.key ? product.key : row.productKey };
      if (changedFields(known, columns).some((field) => terms.some((term) => term === field))) repriced.push(price.key);
    }
  }

  const isFeatureKept = (key: string) => draft.features.some((feature) => feature.key === key);
  for (const { key } of leftOut(stored.features, isFeatureKept)) changes.push(archival('feature', key));
  for (const { key } of leftOut(stored.products, (key) => keptProducts.has(key)))
    changes.push(archival('product', key));
  for (const { key } of leftOut(stored.prices, (key) => keptPrices.has(key))) changes.push(archival('price', key));
  return { changes, repriced };
}

const leftOut = <Row extends { readonly key: string; readonly isActive: boolean; readonly isVisible?: boolean }>(
  rows: readonly Row[],
  isKept: (key: string) => boolean,
) => rows.filter(({ key, isActive, isVisible = true }) => !isKept(key) && isActive && isVisible);

const archival = (what: CatalogChange['what'], key: string): CatalogChange => ({
  kind: 'archive',
  what,
  key,
  fields: [],
});

const changedFields = (row: object, columns: object): string[] =>
  Object.entries(columns)
    .filter(([name, value]) => !isSame((row as Record<string, unknown>)[name], value))
    .map(([name]) => name);

/** PostgreSQL writes numbers its own way: 1900.50 is 1900.5. */
const isSame = (one: unknown, other: unknown): boolean =>
  isDeepStrictEqual(one, other) || (isDecimal(one) && isDecimal(other) && withoutZeros(one) === withoutZeros(other));

const isDecimal = (value: unknown): value is string => typeof value === 'string' && /^\d+(\.\d+)?$/.test(value);

const withoutZeros = (decimal: string) =>
  decimal
    .replace(/^0+(?=\d)/, '')
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '');
