import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generateSecretKey } from '../../server/secret-key.ts';
import { whoAmI } from '../support/forge.ts';
import { createHarness, type GraphqlAnswer, type Harness } from '../support/harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.stop());

const guess = (address: string, key = generateSecretKey('test')) =>
  harness.graphql(key, whoAmI, undefined, { address });

const use = (secretKey: string, address: string) =>
  harness.graphql(secretKey, '{ session(id: "none") { id } }', undefined, { address });

const keyReads = () => harness.requestStatements().filter((statement) => statement.includes('"secret_keys"')).length;

/** So many at once, until all are answered. */
async function guessMany(
  address: string | ((guessed: number) => string),
  count: number,
  atOnce: number,
): Promise<GraphqlAnswer[]> {
  const addressOf = typeof address === 'string' ? () => address : address;
  const answers: GraphqlAnswer[] = [];
  while (answers.length < count) {
    const guessed = answers.length;
    answers.push(...(await Promise.all(Array.from({ length: atOnce }, (_, at) => guess(addressOf(guessed + at))))));
  }
  return answers;
}

test.each([
  ['one after the other', 1, 300, '198.51.100.1'],
  ['all at once', 2_000, 2_000, '198.51.100.2'],
  ['each from another port', 800, 800, (guessed: number) => `198.51.100.3:${1_024 + guessed}`],
  ['each from another address of one IPv6 network', 800, 800, (guessed: number) => `2001:db8::${guessed.toString(16)}`],
])('C4 however many wrong keys cost few reads of the database, %s', async (_how, atOnce, count, address) => {
  const before = harness.requestStatements().length;
  const answers = await guessMany(address, count, atOnce);
  expect(harness.requestStatements().length - before).toBeLessThanOrEqual(30);
  const statuses = answers.map(({ status }) => status);
  expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(30);
  expect(new Set(statuses)).toEqual(new Set([401, 429]));
});

test('C4 who has guessed too often is told when to come back, and nothing else', async () => {
  const address = '198.51.100.77';
  await guessMany(address, 60, 20);
  const answer = await guess(address);
  expect(answer).toMatchObject({ status: 429, code: 'RATE_LIMITED', data: undefined });
  const seconds = Number(answer.headers.get('retry-after'));
  expect(seconds).toBeGreaterThanOrEqual(1);
  expect(seconds).toBeLessThanOrEqual(60);
  expect(answer.errors[0]?.extensions['retryAfterSeconds']).toBe(seconds);
  // Also for what could never be a key: guessing is not cheaper by typing badly.
  expect((await guess(address, 'sk_test_x')).status).toBe(429);
});

test('C4 keys in use go on working, from other addresses and from this one', async () => {
  const address = '198.51.100.88';
  const { secretKey } = harness.merchant;
  expect((await use(secretKey, address)).status).toBe(200);
  await guessMany(address, 100, 50);
  expect((await guess(address)).status).toBe(429);

  expect((await use(secretKey, address)).status).toBe(200);
  // What is known of a key is read anew every second.
  for (let second = 0; second < 3; second++) {
    harness.clock.advance(1_001);
    const before = keyReads();
    const deadline = performance.now() + 5_000;
    while (keyReads() === before && performance.now() < deadline) {
      expect((await use(secretKey, address)).status).toBe(200);
      await nextTurn();
    }
    expect(keyReads()).toBe(before + 1);
  }
  expect((await use(harness.rival.secretKey, '203.0.113.5')).status).toBe(200);
  expect((await guess('203.0.113.6')).status).toBe(401);
});

test('C4 session tokens go on working from an address that guesses keys', async () => {
  const address = '198.51.100.99';
  const { sessionToken } = await harness.merchant.billingos.createSessionToken({ externalUserId: 'ada' });
  await guessMany(address, 100, 50);
  expect((await harness.graphql(sessionToken, whoAmI, undefined, { address })).status).toBe(200);
});

test('C4 a good key at a cold start works however many requests bring it at once', async () => {
  const { secretKey } = await harness.newMerchant('Cold');
  const answers = await Promise.all(Array.from({ length: 200 }, () => use(secretKey, '203.0.113.9')));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
});

test('C4 a key in use that was revoked buys no more guesses', async () => {
  const address = '198.51.100.111';
  const merchant = await harness.newMerchant('Revoked');
  expect((await use(merchant.secretKey, address)).status).toBe(200);
  await guessMany(address, 60, 20);
  const owner = { merchantId: merchant.id, environment: 'test' } as const;
  await harness.rules.secretKeys.revoke(owner, merchant.keyId as `key_${string}`, { sessions: 'revoke' });
  expect((await use(merchant.secretKey, address)).status).toBe(429);
});
