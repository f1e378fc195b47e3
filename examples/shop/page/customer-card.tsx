import type { UseCustomer } from 'billingos/react';
import { Failure } from './failure.tsx';

/** What the billing service tells this page: about one customer, and about nobody else. */
export function CustomerCard({ customer: { status, customer, error, refetch } }: { readonly customer: UseCustomer }) {
  return (
    <section className="card" aria-labelledby="customer-title">
      <h2 id="customer-title">Customer</h2>
      <p>Who the service takes this page for, because the token says so.</p>
      {status === 'loading' && <p className="notice">Waiting for the service …</p>}
      {status === 'failed' && <Failure error={error} />}
      {status === 'ready' && (
        <dl data-testid="customer">
          <div>
            <dt>{customer.externalOrganizationId ? 'Organization at the shop' : 'User at the shop'}</dt>
            <dd>
              <code>{customer.externalOrganizationId ?? customer.externalUserId}</code>
            </dd>
          </div>
          <div>
            <dt>E-mail</dt>
            <dd>{customer.email ?? 'none'}</dd>
          </div>
          <div>
            <dt>Customer id</dt>
            <dd>
              <code>{customer.id}</code>
            </dd>
          </div>
          <div>
            <dt>Customer since</dt>
            <dd>{new Date(customer.createdAt).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' })}</dd>
          </div>
        </dl>
      )}
      <button type="button" onClick={refetch}>
        Ask the service again
      </button>
    </section>
  );
}
