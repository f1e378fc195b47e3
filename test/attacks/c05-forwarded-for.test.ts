import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateSecretKey } from '../../server/secret-key.ts';
import { whoAmI } from '../support/forge.ts';
import { createHarness, createHarnessForTest, type Harness } from '../support/harness.ts';
import { graphqlBytes, listenFor, sendBytes } from '../support/raw-http.ts';

let database: Harness;
beforeAll(async () => {
  database = await createHarness();
});
afterAll(() => database.stop());

/** A service of its own, so that nobody has guessed yet, behind the proxies given; asks with a wrong key. */
async function start(trustedProxies: readonly string[]) {
  const harness = await createHarnessForTest({ connection: database.connection });
  const listener = await listenFor(harness, trustedProxies);
  return {
    close: () => listener.close(0),
    guess: async (...lines: string[]) =>
      (
        await sendBytes(
          listener.port,
          graphqlBytes({ lines: [`Authorization: Bearer ${generateSecretKey('test')}`, ...lines], query: whoAmI }),
        )
      ).status,
  };
}

/** More often than an address may; the lines differ from guess to guess. */
async function guessOften(guess: (...lines: string[]) => Promise<number>, lineOf: (index: number) => string) {
  const statuses: number[] = [];
  for (let index = 0; index < 40; index++) statuses.push(await guess(lineOf(index)));
  return statuses;
}

describe('from an address that is no configured proxy', () => {
  test.each([
    ['X-Forwarded-For', (index: number) => `X-Forwarded-For: 198.51.100.${index}`],
    [
      'X-Forwarded-For with a trusted look',
      (index: number) => `X-Forwarded-For: 198.51.100.${index}, 127.0.0.1, 10.0.0.1`,
    ],
    ['X-Real-IP', (index: number) => `X-Real-IP: 198.51.100.${index}`],
    ['Forwarded', (index: number) => `Forwarded: for=198.51.100.${index}`],
    ['X-Client-IP', (index: number) => `X-Client-IP: 198.51.100.${index}`],
    ['CF-Connecting-IP', (index: number) => `CF-Connecting-IP: 198.51.100.${index}`],
  ])('C5 %s is not believed: changing it does not help a guesser', async (_header, lineOf) => {
    for (const trustedProxies of [[], ['10.0.0.0/8', '192.0.2.1']]) {
      const { guess, close } = await start(trustedProxies);
      const statuses = await guessOften(guess, lineOf);
      expect(statuses.filter((status) => status === 401)).toHaveLength(30);
      expect(statuses.at(-1)).toBe(429);
      await close();
    }
  });
});

describe('from a configured proxy', () => {
  test('C5 the address that it names counts: one guesser does not use up another’s attempts', async () => {
    const { guess, close } = await start(['127.0.0.1/32']);
    await guessOften(guess, () => 'X-Forwarded-For: 198.51.100.1');
    expect(await guess('X-Forwarded-For: 198.51.100.1')).toBe(429);
    expect(await guess('X-Forwarded-For: 198.51.100.2')).toBe(401);
    await close();
  });

  test('C5 what the caller wrote before the proxy added the address is not believed', async () => {
    const { guess, close } = await start(['127.0.0.1/32']);
    const statuses = await guessOften(
      guess,
      (index) => `X-Forwarded-For: 192.0.2.${index}, junk${index}, 198.51.100.1`,
    );
    expect(statuses.at(-1)).toBe(429);
    const twoLines = await guess('X-Forwarded-For: 192.0.2.200', 'X-Forwarded-For: 198.51.100.1');
    expect(twoLines).toBe(429);
    await close();
  });

  test('C5 the other headers that name an address are not believed', async () => {
    const { guess, close } = await start(['127.0.0.1/32']);
    const statuses = await guessOften(guess, (index) => `X-Real-IP: 198.51.100.${index}`);
    expect(statuses.at(-1)).toBe(429);
    await close();
  });
});
