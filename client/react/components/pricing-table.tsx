import { useState } from 'react';
import { useProducts } from '../billing/use-products.ts';
import { useSubscription } from '../billing/use-subscription.ts';
import type { Opens } from '../billing/visit.ts';
import { Failure } from './failure.tsx';
import { useFormat } from './format.ts';
import { IntervalToggle } from './interval-toggle.tsx';
import { commonLabels, planChangeLabels, priceLabels, pricingLabels, type PricingTableLabels } from './labels.ts';
import { periodKeyOf, periodsOf, priceFor, runningOf, type Plan } from './offer.ts';
import { PlanCard } from './plan-card.tsx';
import { PlanChangeDialog } from './plan-change-dialog.tsx';
import { Skeleton } from './skeleton.tsx';

export interface PricingTableProps {
  /** Where the customer comes back to when it has paid; this page when left out. */
  readonly successUrl?: string | undefined;
  /** The same, when it has not. */
  readonly cancelUrl?: string | undefined;
  /** Where the page to pay opens. */
  readonly opens?: Opens | undefined;
  /** How many are bought; a change of plan keeps as many as there are when left out. */
  readonly quantity?: number | undefined;
  /** The key of the product that stands out. */
  readonly highlighted?: string | undefined;
  readonly labels?: Partial<PricingTableLabels> | undefined;
  readonly locale?: string | undefined;
  readonly className?: string | undefined;
}

/** What is for sale. Buys the first plan, and changes one that runs. */
export function PricingTable({ labels, locale, className = '', ...offer }: PricingTableProps) {
  const words = { ...commonLabels, ...priceLabels, ...planChangeLabels, ...pricingLabels, ...labels };
  const format = useFormat(locale);
  const { products, error: productsError, refetch: refetchProducts } = useProducts();
  const asked = useSubscription();
  const [chosenPeriod, setChosenPeriod] = useState<string>();
  const [changingTo, setChangingTo] = useState<Plan>();
  const [message, setMessage] = useState('');

  // Who may not read it can still buy: the service refuses a second subscription.
  const subscriptionError = asked.error?.code === 'FORBIDDEN' ? undefined : asked.error;
  const failure = productsError ?? subscriptionError;
  const isLoading = !failure && (!products || asked.status === 'loading');

  const running = runningOf(asked.subscription);
  const current = running?.items[0];
  const periods = periodsOf(products ?? []);
  const [shortest] = periods;
  const currentPeriod = current?.price?.recurring ?? shortest;
  const periodKey = chosenPeriod ?? (currentPeriod && periodKeyOf(currentPeriod));

  function retry() {
    if (productsError) refetchProducts();
    if (subscriptionError) asked.refetch();
  }

  return (
    <section className={`bos bos-pricing ${className}`.trim()} aria-label={words.plans} aria-busy={isLoading}>
      {failure && <Failure error={failure} words={words} onRetry={retry} />}
      {isLoading && <PlansSkeleton {...{ words }} />}
      {!failure && !isLoading && products && (
        <>
          {periods.length > 1 && (
            <IntervalToggle {...{ periods, words, format }} chosen={periodKey} onChoose={setChosenPeriod} />
          )}
          {products.length === 0 && <p className="bos-empty">{words.noPlans}</p>}
          <ul className="bos-plans">
            {products.map((product) => (
              <PlanCard
                key={product.key}
                price={priceFor(product, periodKey)}
                isHighlighted={product.key === offer.highlighted}
                onChange={setChangingTo}
                {...{ product, running, offer, words, format }}
              />
            ))}
          </ul>
        </>
      )}
      <p role="status" className="bos-result">
        {message}
      </p>
      {changingTo && (
        <PlanChangeDialog
          plans={[changingTo]}
          currentPrice={current?.price?.key}
          quantity={offer.quantity ?? current?.quantity ?? 1}
          onClose={() => setChangingTo(undefined)}
          onChanged={(changed) => {
            setMessage(changed);
            setChangingTo(undefined);
          }}
          {...{ words, format }}
        />
      )}
    </section>
  );
}

const skeletonPlans = ['one', 'two', 'three'];

const PlansSkeleton = ({ words }: { readonly words: PricingTableLabels }) => (
  <>
    <span className="bos-hidden">{words.loading}</span>
    <div className="bos-toggle bos-toggle-skeleton" />
    <div className="bos-plans">
      {skeletonPlans.map((key) => (
        <div key={key} className="bos-plan bos-plan-skeleton">
          <Skeleton lines={9} />
        </div>
      ))}
    </div>
  </>
);
