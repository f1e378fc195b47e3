import { useId } from 'react';
import type { PriceFragment, ProductFragment, SubscriptionFragment } from '../../generated.ts';
import type { Opens } from '../billing/visit.ts';
import { Button } from './button.tsx';
import { CheckoutButton } from './checkout-button.tsx';
import type { Format } from './format.ts';
import { fill, type PricingTableLabels } from './labels.ts';
import type { Plan } from './offer.ts';
import { PlanFeatures } from './plan-features.tsx';
import { amountOf, periodOf, tierLinesOf } from './price.ts';

export interface PlanCardProps {
  readonly product: ProductFragment;
  /** The one that is shown; none for a product that costs nothing. */
  readonly price: PriceFragment | undefined;
  readonly running: SubscriptionFragment | undefined;
  readonly offer: {
    readonly successUrl?: string | undefined;
    readonly cancelUrl?: string | undefined;
    readonly opens?: Opens | undefined;
    readonly quantity?: number | undefined;
  };
  readonly isHighlighted: boolean;
  readonly words: PricingTableLabels;
  readonly format: Format;
  readonly onChange: (plan: Plan) => void;
}

/** One product of the pricing table. */
export function PlanCard(props: PlanCardProps) {
  const { product, price, running, isHighlighted, words, format } = props;
  const nameId = useId();
  const isCurrent = running ? running.items.some((item) => item.product?.key === product.key) : product.default;
  const end = isCurrent && running?.cancelAtPeriodEnd ? running.currentPeriodEnd : null;
  return (
    <li
      className="bos-plan"
      aria-labelledby={nameId}
      data-current={isCurrent || undefined}
      data-highlighted={isHighlighted || undefined}
    >
      <div className="bos-plan-head">
        <h2 id={nameId}>{product.name}</h2>
        {isCurrent && (
          <span className="bos-badge">
            {end === null ? words.currentPlan : fill(words.ends, { date: format.date(end) })}
          </span>
        )}
        {isHighlighted && !isCurrent && <span className="bos-badge bos-badge-accent">{words.highlighted}</span>}
      </div>
      <p className="bos-plan-description">{product.description}</p>
      <p className="bos-price">
        <strong>{price ? amountOf(price, words, format) : words.free}</strong>{' '}
        {price && <span>{periodOf(price, words, format)}</span>}
      </p>
      {price && price.tiers.length > 0 && (
        <ul className="bos-tiers">
          {tierLinesOf(price, words, format).map(({ range, cost }) => (
            <li key={range}>
              <span>{range}</span> <span>{cost}</span>
            </li>
          ))}
        </ul>
      )}
      <div className="bos-plan-action">
        <PlanAction {...props} isCurrent={isCurrent} />
      </div>
      <PlanFeatures features={product.features} recurring={price?.recurring} {...{ words, format }} />
    </li>
  );
}

function PlanAction(props: PlanCardProps & { readonly isCurrent: boolean }) {
  const { product, price, running, offer, isCurrent, words, onChange } = props;
  const isHad = isCurrent && (!running || running.items.some((item) => item.price?.key === price?.key));
  if (price && !isHad && !(running && price.recurring)) {
    return (
      <CheckoutButton price={price.key} labels={words} {...offer}>
        {fill(words.choose, { plan: product.name })}
      </CheckoutButton>
    );
  }
  const isForSale = price && !isHad;
  // One button, also when there is nothing to do any more: it keeps the focus.
  return (
    <Button
      kind={isForSale ? 'primary' : 'secondary'}
      state={isForSale ? 'ready' : 'off'}
      onClick={() => price && onChange({ product, price })}
    >
      {isForSale ? fill(words.change, { plan: product.name }) : isHad ? words.currentPlan : words.included}
    </Button>
  );
}
