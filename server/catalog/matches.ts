import type { CatalogDraft, PriceDraft, ProductDraft } from '../../schema/billing.ts';
import type { FeatureRow, PriceRow, ProductRow } from './catalog-rows.ts';

export interface StoredCatalog {
  readonly features: readonly FeatureRow[];
  readonly products: readonly ProductRow[];
  readonly prices: readonly PriceRow[];
}

/** Which stored row something of a catalog is. */
export interface Match<Row> {
  readonly row: Row | undefined;
  /** The merchant's own row of that key, where Stripe's came later by an import: the two are one. */
  readonly twin: Row | undefined;
}

/** What Stripe has is found by its id there, whatever it is called here. */
function matchOf<Row extends { readonly key: string }>(
  rows: readonly Row[],
  key: string,
  isStripes: (row: Row) => boolean,
): Match<Row> {
  const named = rows.find((row) => row.key === key);
  const atStripe = rows.find(isStripes);
  return atStripe && atStripe !== named ? { row: atStripe, twin: named } : { row: named, twin: undefined };
}

export const matchOfProduct = ({ products }: StoredCatalog, { key, stripeProductId }: ProductDraft) =>
  matchOf(products, key, (row) => stripeProductId !== null && row.stripeProductId === stripeProductId);

export const matchOfPrice = ({ prices }: StoredCatalog, { key, stripePriceId }: PriceDraft) =>
  matchOf(prices, key, (row) => stripePriceId !== null && row.stripePriceId === stripePriceId);

/** The keys that stand for something else already: for something else of Stripe's, or for what has another key in the same catalog. */
export function clashesOf(stored: StoredCatalog, { products }: CatalogDraft): string[] {
  const prices = products.flatMap((product) => product.prices);
  return [
    ...clashing(
      products.map((product) => ({ key: product.key, match: matchOfProduct(stored, product) })),
      ({ stripeProductId }) => stripeProductId !== null,
    ),
    ...clashing(
      prices.map((price) => ({ key: price.key, match: matchOfPrice(stored, price) })),
      ({ stripePriceId }) => stripePriceId !== null,
    ),
  ];
}

function clashing<Row extends { readonly key: string }>(
  given: readonly { readonly key: string; readonly match: Match<Row> }[],
  isAtStripe: (row: Row) => boolean,
): string[] {
  const taken = new Set<Row>();
  return given.flatMap(({ key, match: { row, twin } }) => {
    const isClash = (twin && isAtStripe(twin)) || [row, twin].some((one) => one && taken.has(one));
    for (const one of [row, twin]) if (one) taken.add(one);
    return isClash ? [key] : [];
  });
}
