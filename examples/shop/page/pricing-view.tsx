import { PricingTable } from 'billingos/react';

/** What the shop sells: one component, and where to come back to. */
export function PricingView() {
  return (
    <section className="view" aria-labelledby="pricing-title">
      <h1 id="pricing-title">Labels for your tea</h1>
      <p className="lead">Begin with three a month. Pay with one of the test cards on the next page; no money moves.</p>
      <PricingTable highlighted="studio" successUrl={back('studio')} cancelUrl={back('pricing')} />
    </section>
  );
}

const back = (view: string) => `${location.origin}/#${view}`;
