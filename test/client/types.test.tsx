import { expectTypeOf, test } from 'vitest';
import { createBillingClient } from '../../client/client.ts';
import { BillingOSProvider, useCustomer, type Customer, type SessionState } from '../../client/react/index.ts';

const ask = () => Promise.resolve('');

test('a provider takes exactly one source', () => {
  const valid = () => [
    <BillingOSProvider key="1" sessionTokenUrl="/api/billingos-session" />,
    <BillingOSProvider key="2" getSessionToken={ask} />,
    <BillingOSProvider key="3" getSessionToken={async () => ({ sessionToken: '', expiresAt: '', expiresIn: 60 })} />,
    <BillingOSProvider key="4" sessionToken={null} />,
  ];
  const invalid = () => [
    // @ts-expect-error -- no source
    <BillingOSProvider key="1" />,
    // @ts-expect-error -- two sources
    <BillingOSProvider key="2" sessionTokenUrl="/api" sessionToken="" />,
    // @ts-expect-error -- two sources
    <BillingOSProvider key="3" sessionTokenUrl="/api" getSessionToken={ask} />,
    // @ts-expect-error -- headers without a URL to send them to
    <BillingOSProvider key="4" getSessionToken={ask} sessionTokenRequest={{}} />,
  ];
  // @ts-expect-error -- two sources
  const client = () => createBillingClient({ sessionToken: '', getSessionToken: ask });
  expectTypeOf([valid, invalid, client]).toBeArray();
});

test('a customer is there exactly when the status is ready', () => {
  expectTypeOf<Extract<ReturnType<typeof useCustomer>, { status: 'ready' }>['customer']>().toEqualTypeOf<Customer>();
  expectTypeOf<Extract<ReturnType<typeof useCustomer>, { status: 'loading' }>['customer']>().toEqualTypeOf<undefined>();
});

test('a state that is ready has a life, and no state shows a token', () => {
  expectTypeOf<Extract<SessionState, { kind: 'ready' }>>().toHaveProperty('life');
  expectTypeOf<Extract<SessionState, { kind: 'ready' }>['life']>().not.toHaveProperty('token');
});
