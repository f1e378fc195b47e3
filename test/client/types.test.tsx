import { expectTypeOf, test } from 'vitest';
import type { BillingClientOptions } from '../../client/client.ts';
import { BillingOSProvider, type Customer, type SessionState, type UseCustomer } from '../../client/react/index.ts';

const ask = () => Promise.resolve('');

const valid = [
  <BillingOSProvider key="1" sessionTokenUrl="/api/billingos-session" />,
  <BillingOSProvider key="2" getSessionToken={ask} />,
  <BillingOSProvider key="3" getSessionToken={async () => ({ sessionToken: '', expiresAt: '', expiresIn: 60 })} />,
  <BillingOSProvider key="4" sessionToken={null} />,
];

const invalid = [
  // @ts-expect-error -- no source
  <BillingOSProvider key="1" />,
  // @ts-expect-error -- two sources
  <BillingOSProvider key="2" sessionTokenUrl="/api" sessionToken="" />,
  // @ts-expect-error -- two sources
  <BillingOSProvider key="3" sessionTokenUrl="/api" getSessionToken={ask} />,
  // @ts-expect-error -- headers without a URL to send them to
  <BillingOSProvider key="4" getSessionToken={ask} sessionTokenRequest={{}} />,
];

test('a provider takes exactly one source', () => {
  expectTypeOf([valid, invalid]).toBeArray();
});

test('a client takes exactly one source', () => {
  expectTypeOf<{ sessionToken: string }>().toExtend<BillingClientOptions>();
  expectTypeOf<{ sessionToken: string; getSessionToken: typeof ask }>().not.toExtend<BillingClientOptions>();
  expectTypeOf<{ endpoints: { test: string } }>().not.toExtend<BillingClientOptions>();
});

test('a customer is there exactly when the status is ready', () => {
  expectTypeOf<Extract<UseCustomer, { status: 'ready' }>['customer']>().toEqualTypeOf<Customer>();
  expectTypeOf<Extract<UseCustomer, { status: 'loading' }>['customer']>().toEqualTypeOf<undefined>();
});

test('a state that is ready has a life, and no state shows a token', () => {
  expectTypeOf<Extract<SessionState, { kind: 'ready' }>>().toHaveProperty('life');
  expectTypeOf<Extract<SessionState, { kind: 'ready' }>['life']>().not.toHaveProperty('token');
});
