import { isDeepStrictEqual } from 'node:util';
import type { CatalogChange, CatalogDraft, PriceDraft, PriceTier, ProductDraft } from '../../schema/billing.ts';
import type { PriceRow, ProductRow } from './catalog-rows.ts';
import { type Match, matchOfPrice, matchOfProduct, type StoredCatalog } from './matches.ts';

/** The columns that a draft decides, one table a function, so that what is compared is also what is written. */
export const featureColumns = ({ key, name, kind, unit }: CatalogDraft['features'][number], place: number) => ({
  key,
  name,
  kind,
  unit,
  place,
  isActive: true,
});

/** An id at Stripe that is left out stays; and whether what is there can be bought, Stripe says. */
export function productColumns(product: ProductDraft, place: number, row: ProductRow | undefined) {
  const known = row?.stripeProductId ?? null;
  return {
    key: product.key,
    stripeProductId: product.stripeProductId ?? known,
    name: product.name,
    description: product.description,
    isVisible: product.isVisible,
    isDefault: product.isDefault,
    contents: product.features.map(({ key, amount }) => ({ key, amount })),
    place,
    isActive: row && known !== null ? row.isActive : true,
    isInCatalog: true,
  };
}

export function priceColumns(price: PriceDraft, productKey: string, place: number, row: PriceRow | undefined) {
  const known = row?.stripePriceId ?? null;
  return {
    key: price.key,
    stripePriceId: price.stripePriceId ?? known,
    productKey,
    currency: price.currency,
    unitAmount: price.unitAmount,
    interval: price.recurring?.interval ?? null,
    intervalCount: price.recurring?.intervalCount ?? null,
    tiersMode: price.tiersMode,
    tiers: price.tiers,
    isVisible: price.isVisible,
    place,
    isActive: row && known !== null ? row.isActive : true,
  };
}

/** What makes a price what it is: whoever bought it agreed to that. */
const terms = ['productKey', 'currency', 'unitAmount', 'interval', 'intervalCount', 'tiersMode', 'tiers'] as const;

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
    const match = matchOfProduct(stored, product);
    keep(keptProducts, match);
    compare('product', match.row, productColumns(product, place, match.row));
    for (const [pricePlace, price] of product.prices.entries()) {
      const ofPrice = matchOfPrice(stored, price);
      keep(keptPrices, ofPrice);
      compare('price', ofPrice.row, priceColumns(price, product.key, pricePlace, ofPrice.row));
      if ([ofPrice.row, ofPrice.twin].some((row) => row && isRepriced(row, price, product.key, match))) {
        repriced.push(price.key);
      }
    }
  }

  const isFeatureKept = (key: string) => draft.features.some((feature) => feature.key === key);
  for (const { key, isActive } of stored.features) {
    if (isActive && !isFeatureKept(key)) changes.push(archival('feature', key));
  }
  for (const row of stored.products) {
    const { isVisible, isDefault, isActive, isInCatalog, stripeProductId } = row;
    const isThere = isVisible || isDefault || isInCatalog || (isActive && stripeProductId === null);
    if (isThere && !keptProducts.has(row.key)) changes.push(archival('product', row.key));
  }
  for (const { key, isVisible, isActive, stripePriceId } of stored.prices) {
    const isThere = isVisible || (isActive && stripePriceId === null);
    if (isThere && !keptPrices.has(key)) changes.push(archival('price', key));
  }
  return { changes, repriced };
}

const keep = (kept: Set<string>, { row, twin }: Match<{ readonly key: string }>) => {
  for (const one of [row, twin]) if (one) kept.add(one.key);
};

function isRepriced(row: PriceRow, price: PriceDraft, productKey: string, { row: product, twin }: Match<ProductRow>) {
  const columns = priceColumns(price, productKey, row.place, row);
  if (row.stripePriceId !== null && columns.stripePriceId !== row.stripePriceId) return true;
  // A product that is only renamed takes its prices along.
  const isItsOwn = [product, twin].some((one) => one?.key === row.productKey);
  // Stripe says what the tiers are only when it is asked for them.
  const isUntold = row.unitAmount === null && row.tiers.length === 0 && price.tiers.length > 0;
  const known = {
    ...row,
    productKey: isItsOwn ? productKey : row.productKey,
    ...(isUntold && { tiers: price.tiers, tiersMode: row.tiersMode ?? price.tiersMode }),
  };
  return changedFields(known, columns).some((field) => terms.some((term) => term === field));
}

const archival = (what: CatalogChange['what'], key: string): CatalogChange => ({
  kind: 'archive',
  what,
  key,
  fields: [],
});

const changedFields = (row: object, columns: object): string[] =>
  Object.entries(columns)
    .filter(
      ([name, value]) =>
        !isDeepStrictEqual(comparable(name, (row as Record<string, unknown>)[name]), comparable(name, value)),
    )
    .map(([name]) => name);

/** 1900.50 is 1900.5: in an amount, and in nothing else. */
function comparable(name: string, value: unknown): unknown {
  if (name === 'tiers' && Array.isArray(value)) return value.map(comparableTier);
  return name === 'unitAmount' && typeof value === 'string' ? withoutZeros(value) : value;
}

const comparableTier = ({ upTo, unitAmount, flatAmount }: PriceTier) => ({
  upTo,
  unitAmount: unitAmount && withoutZeros(unitAmount),
  flatAmount: flatAmount && withoutZeros(flatAmount),
});

const withoutZeros = (decimal: string) =>
  decimal
    .replace(/^0+(?=\d)/, '')
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '');
