import type { PriceFragment, ProductFragment } from '../../generated.ts';
import type { Format } from './format.ts';
import { fill, type PricingTableLabels } from './labels.ts';
import { everyOf } from './price.ts';

type ProductFeature = ProductFragment['features'][number];

export interface PlanFeaturesProps {
  readonly features: readonly ProductFeature[];
  readonly recurring: PriceFragment['recurring'] | undefined;
  readonly words: PricingTableLabels;
  readonly format: Format;
}

/** What a product contains. */
export function PlanFeatures({ features, recurring, words, format }: PlanFeaturesProps) {
  if (features.length === 0) return null;
  return (
    <ul className="bos-features">
      {features.map((one) => (
        <li key={one.feature.key}>
          {textOf(one, words, format)}
          {one.feature.kind === 'QUOTA' && one.amount !== null && recurring && (
            <span className="bos-muted"> {everyOf(recurring, words, format)}</span>
          )}
        </li>
      ))}
    </ul>
  );
}

/** `Priority support`, `1,000 exports`, `Unlimited exports`, or `Storage: 5`. */
function textOf({ feature, amount }: ProductFeature, words: PricingTableLabels, format: Format): string {
  if (feature.kind === 'BOOLEAN') return feature.name;
  if (amount === null) return fill(words.featureUnlimited, { unit: feature.unit ?? feature.name });
  const values = { amount: format.number(amount), name: feature.name };
  return feature.unit === null
    ? fill(words.featureNamed, values)
    : fill(words.featureAmount, { ...values, unit: feature.unit });
}
