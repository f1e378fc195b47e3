import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHarness, type Harness } from '../support/harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.stop());

const introspect = (token: string) =>
  harness.graphql(
    harness.merchant.secretKey,
    'query ($token: String!) { introspectSession(token: $token) { active session { id metadata customer { externalUserId } } } }',
    { token },
  );

const createToken = async (expiresIn = 3_600) =>
  (await harness.merchant.billingos.createSessionToken({ externalUserId: 'ada', expiresIn })).sessionToken;

test('a token that counts is active, and its session is told to its merchant', async () => {
  const created = await harness.merchant.billingos.createSessionToken({ externalUserId: 'ada', metadata: { a: 1 } });
  expect((await introspect(created.sessionToken)).data).toEqual({
    introspectSession: {
      active: true,
      session: { id: created.session.id, metadata: { a: 1 }, customer: { externalUserId: 'ada' } },
    },
  });
});

test.each<[string, () => Promise<string>]>([
  ['is not a token', async () => 'none'],
  ['is empty', async () => ''],
  ['is a secret key', async () => harness.merchant.secretKey],
  ['has 200,000 characters', async () => `bos_session_test_${'a'.repeat(200_000)}`],
  ['has another signature', async () => `${(await createToken()).slice(0, -20)}${'A'.repeat(20)}`],
  ['has a space after it', async () => `${await createToken()} `],
  [
    'belongs to another merchant',
    async () => (await harness.rival.billingos.createSessionToken({ externalUserId: 'eve' })).sessionToken,
  ],
  [
    'belongs to another environment',
    async () => {
      const { id } = harness.merchant;
      const { billingos } = await harness.newMerchant(id, 'live');
      return (await billingos.createSessionToken({ externalUserId: 'ada' })).sessionToken;
    },
  ],
  [
    'was revoked',
    async () => {
      const token = await createToken();
      await harness.graphql(token, 'mutation { endSession { id } }');
      return token;
    },
  ],
  [
    'has expired',
    async () => {
      const token = await createToken(60);
      harness.clock.advance(61_000);
      return token;
    },
  ],
])('a token that %s is inactive, and nothing more is said', async (_what, tokenOf) => {
  const { status, text } = await introspect(await tokenOf());
  expect(status).toBe(200);
  expect(JSON.parse(text)).toEqual({ data: { introspectSession: { active: false, session: null } } });
});

test('asking about a token is no use of it', async () => {
  const { sessionToken, session } = await harness.merchant.billingos.createSessionToken({ externalUserId: 'ada' });
  await introspect(sessionToken);
  await harness.rules.lastUsed.write();

  expect((await harness.merchant.billingos.session(session.id))?.lastUsedAt).toBeNull();
});
