import { createKeyRing } from '../../server/token/key-ring.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createForge, expectRefused, openToken, useToken } from '../support/forge.ts';
import { createHarness, createHarnessForTest, createTestClock, type Harness, send } from '../support/harness.ts';

let harness: Harness;
/** Another process on the same database. */
let second: Harness;
beforeAll(async () => {
  harness = await createHarness();
  second = await createHarness({ connection: harness.connection, clock: harness.clock });
});
afterAll(async () => {
  await second.stop();
  await harness.stop();
});

const isAcceptedBy = async (process: Harness, token: string) => (await useToken(process, token)).status === 200;

const newToken = async ({ merchant }: Harness) =>
  (await merchant.billingos.createSessionToken({ externalUserId: 'ada' })).sessionToken;

const kidOf = (token: string) => String(openToken(token).header['kid']);

const jwks = async ({ app, issuers }: Harness) => (await send(app, `${issuers.test}/.well-known/jwks.json`)).text();

test('A17 nothing of a dropped key is accepted: here at once, elsewhere within a second, verified before or not', async () => {
  const forge = await createForge(harness);
  const fresh = await forge.signed({});
  const kid = kidOf(forge.token);
  for (const process of [harness, second]) expect(await isAcceptedBy(process, forge.token)).toBe(true);

  await harness.rules.signingKeys.drop(kid);
  const droppedAt = performance.now();
  for (const token of [forge.token, fresh]) expectRefused(await useToken(harness, token));
  expect(await jwks(harness)).not.toContain(kid);
  await expect.poll(() => isAcceptedBy(second, forge.token), { interval: 20 }).toBe(false);
  // Half a second for the machine that runs this.
  expect(performance.now() - droppedAt).toBeLessThan(1_500);
  for (const token of [forge.token, fresh]) expectRefused(await useToken(second, token));
  expect(await jwks(second)).not.toContain(kid);

  // Another key signs, and both processes agree on it.
  const replaced = await newToken(second);
  expect(kidOf(replaced)).not.toBe(kid);
  expect([await isAcceptedBy(harness, replaced), await isAcceptedBy(second, replaced)]).toEqual([true, true]);
});

test('A17 where the feed is cut a dropped key is refused at once, and its tokens are not made', async () => {
  const cut = await createHarnessForTest({ connection: harness.connection });
  const token = await newToken(harness);
  await cut.rules.revocations.stop();
  cut.clock.advance(1_001);
  expect(await isAcceptedBy(cut, token)).toBe(true);

  cut.clock.advance(1_001);
  await harness.rules.signingKeys.drop(kidOf(token));
  expectRefused(await useToken(cut, token));

  const made = await newToken(cut);
  cut.clock.advance(1_001);
  await harness.rules.signingKeys.drop(kidOf(made));
  expect(kidOf(await newToken(cut))).not.toBe(kidOf(made));
});

test('A17 where nobody says which keys were dropped, no token is accepted', async () => {
  const blind = await createHarnessForTest();
  const token = await newToken(blind);
  await blind.rules.revocations.stop();
  blind.clock.advance(1_001);
  expect(await isAcceptedBy(blind, token)).toBe(true);

  blind.clock.advance(1_001);
  await blind.database.db.execute('alter table signing_keys rename to out_of_reach');
  expect(await useToken(blind, token)).toMatchObject({ status: 503, code: 'UNAVAILABLE', data: null });
});

test('A17 a slow read of the keys, which began before the drop, brings no key back', async () => {
  const token = await newToken(harness);
  const { db } = harness.database;
  let answer = () => {};
  const answered = new Promise<void>((resolve) => (answer = resolve));
  const late = (rows: unknown) => answered.then(() => rows);
  const slowly = (columns: never) => ({ from: (table: never) => db.select(columns).from(table).then(late) });
  const slow = { select: (columns?: never) => (columns ? slowly(columns) : db.select()) };
  const reading = harness.rules.keyRing.read({ db: slow as unknown as typeof db });
  harness.clock.advance(1);
  await harness.rules.signingKeys.drop(kidOf(token));
  answer();
  await reading;
  expectRefused(await useToken(harness, token));
});

test('A17 no check relies on a read of the keys that began more than a second before it', async () => {
  let reads = 0;
  const silent = {
    select: () => ({
      from: () => {
        reads += 1;
        return new Promise(() => undefined);
      },
    }),
  };
  const clock = createTestClock();
  const database = { db: silent } as never;
  const { refresh } = createKeyRing({ database, encryptionKey: new Uint8Array(32), clock });
  void refresh();
  void refresh();
  expect(reads).toBe(1);
  clock.advance(1_001);
  void refresh();
  expect(reads).toBe(2);
});

test('A17 a token of a key that retired long ago is refused, whatever it says of its own time', async () => {
  const forge = await createForge(harness);
  await harness.rules.signingKeys.rotate('test', 'soon');
  harness.clock.advance(10_000 + 86_400_000 + 60_000);
  const iat = Math.floor(harness.clock.now() / 1_000);
  expectRefused(await useToken(harness, await forge.signed({ payload: { iat, exp: iat + 3_600 } })));
  expect(await isAcceptedBy(harness, await newToken(harness))).toBe(true);
});

test('A17 dropping key after key leaves one that signs, and the next one first', async () => {
  await harness.rules.signingKeys.rotate('test', 'published');
  const [next] = await harness.rules.signingKeys.list('test');
  await harness.rules.signingKeys.drop(kidOf(await newToken(harness)));
  expect(kidOf(await newToken(harness))).toBe(next?.kid);

  for (let round = 0; round < 3; round++) {
    await harness.rules.signingKeys.drop(kidOf(await newToken(harness)));
    expect(await isAcceptedBy(harness, await newToken(harness))).toBe(true);
  }
  const states = (await harness.rules.signingKeys.list('test')).map(({ state }) => state);
  expect(states.slice(0, 5)).toEqual(['active', 'gone', 'gone', 'gone', 'gone']);
});

test('A17 processes that drop the active key at once replace it once', async () => {
  const kid = kidOf(await newToken(harness));
  const before = (await harness.rules.signingKeys.list('test')).length;
  await Promise.all([harness, second, harness, second].map(({ rules }) => rules.signingKeys.drop(kid)));
  expect(await harness.rules.signingKeys.list('test')).toHaveLength(before + 1);
  const [one, other] = [await newToken(harness), await newToken(second)];
  expect(kidOf(one)).toBe(kidOf(other));
});

test('A17 what lies about a key in lists is no secret, and no private member is published in any state', async () => {
  await harness.rules.signingKeys.rotate('test', 'soon');
  harness.clock.advance(10_000);
  await harness.rules.signingKeys.rotate('test', 'published');
  const listed = await harness.rules.signingKeys.list('test');
  expect(listed.map(({ state }) => state).slice(0, 3)).toEqual(['next', 'active', 'retired']);
  expect(JSON.stringify(listed)).not.toMatch(/jwe|"d"/i);
  const { keys } = JSON.parse(await jwks(harness)) as { keys: object[] };
  expect(keys).toHaveLength(listed.filter(({ state }) => state !== 'gone').length);
  for (const key of keys) expect(Object.keys(key).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
});
