import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { generateSecretKey } from '../../server/secret-key.ts';
import { createHarness, createTestClock, type Harness, type TestClock } from '../support/harness.ts';

let harness: Harness;
let clock: TestClock;
let token: string;

/** Nothing runs beside requests here, and what was read of the revocations stays fresh: every statement is a request's. */
beforeAll(async () => {
  clock = { ...createTestClock(), monotonic: () => 0 };
  harness = await createHarness({ clock });
  token = (await harness.merchant.billingos.createSessionToken({ externalUserId: 'ada' })).sessionToken;
  await harness.app.stop();
});
afterAll(() => harness.stop());
beforeEach(() => void harness.statements.splice(0));

/** A field that needs an accepted caller and reads nothing: there is no such id. */
const codeFor = async (credential: string | null) =>
  (await harness.graphql(credential, '{ node(id: "none") { id } }')).code;

const flipped = (text: string, index: number) =>
  text.slice(0, index) + (text.at(index) === 'A' ? 'B' : 'A') + text.slice(index + 1);

test('accepting a session token takes no statement, the first time and every time', async () => {
  for (let call = 0; call < 20; call++) expect(await codeFor(token)).toBe('NOT_FOUND');
  expect(harness.statements).toEqual([]);
});

test.each([
  ['another signature', () => flipped(token, token.length - 20)],
  ['another payload', () => flipped(token, token.length - 200)],
  ['another key', () => flipped(token, 'bos_session_test_'.length + 20)],
  ['no signature', () => token.slice(0, token.lastIndexOf('.') + 1)],
  ['nothing but its prefix', () => 'bos_session_test_'],
  ['ten thousand characters', () => `bos_session_test_${'a'.repeat(10_000)}`],
])('refusing a token with %s takes no statement', async (_what, tokenOf) => {
  expect(await codeFor(tokenOf())).toBe('UNAUTHENTICATED');
  expect(harness.statements).toEqual([]);
});

test('refusing a token of the other environment takes no statement', async () => {
  expect((await harness.graphql(token, '{ __typename viewer { id } }', {}, { environment: 'live' })).code).toBe(
    'WRONG_ENVIRONMENT',
  );
  expect(harness.statements).toEqual([]);
});

test('refusing a secret key with a wrong checksum takes no statement, and an unknown one takes one', async () => {
  const unknown = generateSecretKey('test');
  expect(await codeFor(flipped(unknown, unknown.length - 1))).toBe('UNAUTHENTICATED');
  expect(await codeFor(flipped(unknown, 12))).toBe('UNAUTHENTICATED');
  expect(await codeFor('sk_test_short')).toBe('UNAUTHENTICATED');
  expect(harness.statements).toEqual([]);

  expect(await codeFor(unknown)).toBe('UNAUTHENTICATED');
  expect(harness.statements).toHaveLength(1);
});

test('callers with one secret key who come together share one statement', async () => {
  const { secretKey } = await harness.newMerchant('Busy merchant');
  harness.statements.splice(0);

  await Promise.all(Array.from({ length: 20 }, () => codeFor(secretKey)));
  expect(harness.statements).toHaveLength(1);
});

test('a session of a customer that is known takes one statement', async () => {
  await harness.merchant.billingos.createSessionToken({ externalUserId: 'ada' });
  harness.statements.splice(0);
  await harness.merchant.billingos.createSessionToken({ externalUserId: 'ada' });

  const writing = harness.statements.filter((statement) => !statement.startsWith('select'));
  expect(writing).toEqual([expect.stringMatching(/^with "inserted" as \(insert into "sessions"/)]);
});

test('a token that has expired, and one that was revoked, are refused without a statement', async () => {
  const { sessionToken, session } = await harness.merchant.billingos.createSessionToken({ externalUserId: 'bob' });
  await harness.merchant.billingos.revokeSession(session.id);
  harness.statements.splice(0);
  expect(await codeFor(sessionToken)).toBe('TOKEN_REVOKED');

  clock.advance(3_600_000);
  expect(await codeFor(token)).toBe('TOKEN_EXPIRED');
  expect(harness.statements).toEqual([]);
});
