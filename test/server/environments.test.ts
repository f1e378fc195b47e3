import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BillingOS } from '../../client/node.ts';
import { createHarness, type Harness, sdkFor } from '../support/harness.ts';

let harness: Harness;
/** One merchant with a key in each environment. */
let sandbox: BillingOS;
let production: BillingOS;

beforeAll(async () => {
  harness = await createHarness();
  sandbox = harness.merchant.billingos;
  const owner = { merchantId: harness.merchant.id, environment: 'live' as const };
  production = sdkFor(harness.app, (await harness.rules.secretKeys.create(owner, 'Live')).secretKey);
});
afterAll(() => harness.stop());

test('one user is another customer in each environment', async () => {
  const [test, live] = await Promise.all(
    [sandbox, production].map((billingos) => billingos.createSessionToken({ externalUserId: 'ada' })),
  );

  expect(test?.session.environment).toBe('TEST');
  expect(live?.session.environment).toBe('LIVE');
  expect(test?.customer.id).not.toBe(live?.customer.id);
});

test('what belongs to one environment is not there in the other', async () => {
  const { session, customer, sessionToken } = await sandbox.createSessionToken({ externalUserId: 'bob' });

  expect(await production.session(session.id)).toBeNull();
  await expect(production.revokeSession(session.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(production.revokeSessions({ customer: customer.id })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(production.revokeSessions({ key: harness.merchant.keyId })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(await production.introspectSession(sessionToken)).toEqual({ active: false });
  expect((await production.listSessions({ customer: customer.id }).page()).sessions).toEqual([]);
});

test('revoking everything in one environment leaves the other alone', async () => {
  const { sessionToken, session } = await production.createSessionToken({ externalUserId: 'eve' });
  await sandbox.revokeSessions({ all: true });

  const { status } = await harness.graphql(sessionToken, '{ viewer { id } }', {}, { environment: 'live' });
  expect(status).toBe(200);
  expect(await production.session(session.id)).toMatchObject({ status: 'ACTIVE', revokedAt: null });
});

test('a token at the other endpoint is refused, and told the right one', async () => {
  const { sessionToken } = await sandbox.createSessionToken({ externalUserId: 'ada' });
  const { status, errors } = await harness.graphql(sessionToken, '{ viewer { id } }', {}, { environment: 'live' });

  expect(status).toBe(401);
  expect(errors[0]?.extensions).toMatchObject({
    code: 'WRONG_ENVIRONMENT',
    endpoint: `${harness.issuers.test}/graphql`,
  });
});
