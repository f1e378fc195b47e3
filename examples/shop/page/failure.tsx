import type { BillingOSError } from 'billingos/react';

/** Why there is nothing to show. That nobody is logged in is no fault. */
export function Failure({ error }: { readonly error: BillingOSError }) {
  return (
    <p className={error.code === 'SIGNED_OUT' ? 'notice' : 'notice bad'} role="status">
      <strong>{error.code}</strong> {error.message}
    </p>
  );
}
