import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHarness, type Harness } from '../support/harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.stop());

const challengeFor = async (credential: string | null) =>
  (await harness.graphql(credential, '{ sessions { edges { cursor } } }')).headers.get('www-authenticate');

test('without a credential the challenge names the scheme and no error', async () => {
  expect(await challengeFor(null)).toBe('Bearer');
});

test('a credential that is not accepted is an invalid token', async () => {
  expect(await challengeFor('sk_test_nope')).toMatch(/^Bearer error="invalid_token"/);
});

test('a good credential that may not do this lacks scope', async () => {
  const { sessionToken } = await harness.merchant.billingos.createSessionToken({ externalUserId: 'ada' });
  expect(await challengeFor(sessionToken)).toBe('Bearer error="insufficient_scope"');
});

test('an accepted credential is not challenged', async () => {
  expect(await challengeFor(harness.merchant.secretKey)).toBeNull();
});
