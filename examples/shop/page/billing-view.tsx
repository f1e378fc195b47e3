import { CustomerPortal, useRefetchBilling } from 'billingos/react';
import { useState } from 'react';
import { shopApi } from './shop-api.ts';

/** What the customer has, and a way to let time pass. */
export function BillingView() {
  return (
    <section className="view" aria-labelledby="billing-title">
      <h1 id="billing-title">Your billing</h1>
      <CustomerPortal pricingUrl="#pricing" />
      <TestClock />
    </section>
  );
}

/** Only in the sandbox: renewals come when the test clock says so. */
function TestClock() {
  const [isMoving, setIsMoving] = useState(false);
  const refetchBilling = useRefetchBilling();
  const passMonth = async () => {
    setIsMoving(true);
    await shopApi.letMonthPass();
    refetchBilling();
    setIsMoving(false);
  };
  return (
    <aside className="card" aria-labelledby="clock-title">
      <h2 id="clock-title">Test clock</h2>
      <p>
        In the sandbox time can be moved, for all customers of the shop: renewals, failed payments and ends come when
        they are due.
      </p>
      <button type="button" disabled={isMoving} onClick={() => void passMonth()}>
        Let a month pass
      </button>
    </aside>
  );
}
