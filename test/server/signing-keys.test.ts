import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createSessionVerifier } from '../../client/verify.ts';
import type { Environment } from '../../schema/environment.ts';
import { openDatabase } from '../../server/database/database.ts';
import { migrate, migrationsFolder } from '../../server/database/migrate.ts';
import { deriveKeys } from '../../server/master-key.ts';
import { generateKey } from '../../server/token/signing-key.ts';
import { temporaryDirectory } from '../support/embedded.ts';
import { openToken, useToken } from '../support/forge.ts';
import { createHarness, createHarnessForTest, type Harness, masterKey, publicUrl, send } from '../support/harness.ts';
import { createDatabase } from '../support/postgres.ts';

/** Two processes on one database, with one clock. */
interface Pair {
  readonly one: Harness;
  readonly other: Harness;
}

async function pair(): Promise<Pair> {
  const one = await createHarnessForTest();
  return { one, other: await createHarnessForTest({ connection: one.connection, clock: one.clock }) };
}

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.stop());

const dayMs = 86_400_000;

const codeFor = async (process: Harness, token: string) => (await useToken(process, token)).code ?? 'ACCEPTED';

const newToken = async ({ merchant }: Harness, expiresIn = 3_600) =>
  (await merchant.billingos.createSessionToken({ externalUserId: 'ada', expiresIn })).sessionToken;

const kidOf = (token: string) => openToken(token).header['kid'];

async function publishedKids({ app, issuers }: Harness, environment: Environment = 'test'): Promise<string[]> {
  const response = await send(app, `${issuers[environment]}/.well-known/jwks.json`);
  return ((await response.json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
}

/** Every key of the sandbox by its state, the oldest first. */
const statesIn = async ({ rules }: Harness) =>
  (await rules.signingKeys.list('test')).toReversed().map(({ kid, state }) => [kid, state]);

/** Until this process knows what another one wrote. */
const published = (process: Harness, kids: readonly unknown[]) =>
  expect.poll(() => publishedKids(process), { interval: 20 }).toEqual(kids);

const newest = async ({ rules }: Harness) => (await rules.signingKeys.list('test'))[0]?.kid ?? '';

describe('a key', () => {
  test('is next, active, retired and gone, and every process says the same at each moment', async () => {
    const { one, other } = await pair();
    const first = await newest(one);
    await one.rules.signingKeys.rotate('test', 'published');
    const second = await newest(one);
    const both = async (states: unknown, kids: readonly string[]) => {
      for (const process of [one, other]) {
        await published(process, kids);
        expect(await statesIn(process)).toEqual(states);
      }
    };
    const signers = async () => [kidOf(await newToken(one)), kidOf(await newToken(other))];

    await both(
      [
        [first, 'active'],
        [second, 'next'],
      ],
      [first, second],
    );
    one.clock.advance(dayMs);
    expect(await signers()).toEqual([first, first]);

    one.clock.advance(301_000);
    const retired = [
      [first, 'retired'],
      [second, 'active'],
    ];
    await both(retired, [first, second]);
    expect(await signers()).toEqual([second, second]);

    // The longest life of a token, and a minute in which a process may sign late.
    one.clock.advance(dayMs + 50_000);
    await both(retired, [first, second]);
    one.clock.advance(10_000);
    await both(
      [
        [first, 'gone'],
        [second, 'active'],
      ],
      [second],
    );
  });

  test('is published for a day before it signs, and a token of the one before counts until it expires', async () => {
    await harness.rules.signingKeys.rotate('test', 'published');
    const [next] = await harness.rules.signingKeys.list('test');
    const aheadMs = (next?.activeFrom.getTime() ?? 0) - (next?.createdAt.getTime() ?? 0);
    expect(aheadMs).toBeGreaterThanOrEqual(dayMs);

    harness.clock.advance(aheadMs - 60_000);
    const token = await newToken(harness, 86_400);
    expect(kidOf(token)).not.toBe(next?.kid);
    harness.clock.advance(dayMs - 30_000);
    expect(kidOf(await newToken(harness))).toBe(next?.kid);
    expect(await codeFor(harness, token)).toBe('ACCEPTED');
    harness.clock.advance(30_000);
    expect(await codeFor(harness, token)).toBe('TOKEN_EXPIRED');
  });

  test('that was made already is kept by another rotation, which brings it forward if told to', async () => {
    const before = (await statesIn(harness)).length;
    await harness.rules.signingKeys.rotate('test', 'published');
    const next = await newest(harness);
    await harness.rules.signingKeys.rotate('test', 'published');
    await harness.rules.signingKeys.rotate('test', 'soon');
    expect(await statesIn(harness)).toHaveLength(before + 1);

    expect(kidOf(await newToken(harness))).not.toBe(next);
    harness.clock.advance(10_000);
    expect(kidOf(await newToken(harness))).toBe(next);
  });

  test('that is dropped before it signs changes nothing for the others, nor in the other environment', async () => {
    const live = await publishedKids(harness, 'live');
    const token = await newToken(harness);
    await harness.rules.signingKeys.rotate('test', 'published');
    await harness.rules.signingKeys.drop(await newest(harness));
    harness.clock.advance(2 * dayMs);
    expect((await statesIn(harness)).map(([, state]) => state).slice(-2)).toEqual(['active', 'gone']);
    expect([kidOf(await newToken(harness)), await codeFor(harness, token)]).toEqual([kidOf(token), 'TOKEN_EXPIRED']);
    expect(await publishedKids(harness, 'live')).toEqual(live);
  });

  test('is removed 30 days after it is gone, and those that came after it stay what they are', async () => {
    const own = await createHarnessForTest();
    await own.rules.signingKeys.rotate('test', 'soon');
    await own.rules.signingKeys.drop(await newest(own));
    await own.rules.signingKeys.rotate('test', 'soon');
    own.clock.advance(31 * dayMs + 60_000);
    await own.rules.retention.clean();
    expect((await statesIn(own)).map(([, state]) => state)).toEqual(['gone', 'active']);
    own.clock.advance(20_000);
    await own.rules.retention.clean();
    expect(await statesIn(own)).toEqual([[kidOf(await newToken(own)), 'active']]);
  });

  test('that was made before keys had lives is the active one', async () => {
    const connection = await createDatabase();
    const database = await openDatabase({ connection, applicationName: 'test' });
    onTestFinished(() => database.close());
    await database.db.execute('drop schema public cascade; drop schema drizzle cascade; create schema public');
    await migrate(database, await migrationsUpTo('0002_billing'));
    const { kid, publicJwk, privateJwe } = await generateKey('test', deriveKeys(masterKey).encryptionKey);
    await database.db.execute(sql`insert into signing_keys (environment, kid, public_jwk, private_jwe, created_at)
      values ('test', ${kid}, ${JSON.stringify(publicJwk)}, ${privateJwe}, now() - interval '1 year')`);

    await migrate(database);
    const own = await createHarnessForTest({ connection });
    expect(kidOf(await newToken(own))).toBe(kid);
    // It has signed for a year.
    await own.rules.keyRotation.rotateDue();
    expect((await statesIn(own)).map(([, state]) => state)).toEqual(['active', 'next']);
  });

  test('cannot sign before it is made, nor be dropped before', async () => {
    for (const column of ['active_from', 'dropped_at']) {
      await expect(
        harness.database.db.execute(`update signing_keys set ${column} = created_at - interval '1 second'`),
      ).rejects.toMatchObject({ cause: { code: '23514' } });
    }
  });
});

describe('the schedule', () => {
  test('makes one next key in each environment, whichever processes look, and only when the active one is old', async () => {
    const { one, other } = await pair();
    const look = () => Promise.all([one, other, one, other].map(({ rules }) => rules.keyRotation.rotateDue()));
    const states = async () => (await one.rules.signingKeys.list()).map(({ state }) => state).toSorted();

    one.clock.advance(90 * dayMs - 60_000);
    await look();
    expect(await states()).toEqual(['active', 'active']);
    one.clock.advance(60_000);
    await look();
    await look();
    expect(await states()).toEqual(['active', 'active', 'next', 'next']);

    one.clock.advance(dayMs + 300_000);
    await look();
    expect(await states()).toEqual(['active', 'active', 'retired', 'retired']);
  });

  test('makes none with 0 days', async () => {
    const own = await createHarnessForTest({ connection: harness.connection, keyRotationDays: 0 });
    const before = await own.rules.signingKeys.list('live');
    own.clock.advance(10_000 * dayMs);
    await own.rules.keyRotation.rotateDue();
    expect(await own.rules.signingKeys.list('live')).toEqual(before);
  });

  test('looks when a process starts', async () => {
    const one = await createHarnessForTest();
    one.clock.advance(91 * dayMs);
    await createHarnessForTest({ connection: one.connection, clock: one.clock });
    await expect.poll(async () => (await statesIn(one)).map(([, state]) => state)).toEqual(['active', 'next']);
  });
});

describe('under load', () => {
  test('a rotation costs no request, in whichever process a token is made and used', async () => {
    const { one, other } = await pair();
    const { billingos } = one.merchant;
    const over = new AbortController();
    const codes = new Set<string>();
    const kids = new Set<unknown>();
    const work = async (name: string, makes: Harness, uses: Harness) => {
      while (!over.signal.aborted) {
        const { data, code } = await makes.graphql(
          one.merchant.secretKey,
          `mutation { createSession(input: { externalUserId: "${name}" }) { sessionToken } }`,
        );
        const token: string = data?.['createSession'].sessionToken ?? '';
        codes.add(code ?? (await uses.graphql(token, '{ viewer { id } }')).code ?? 'ACCEPTED');
        kids.add(token && kidOf(token));
      }
    };
    const early = await billingos.createSessionToken({ externalUserId: 'early' });
    const workers = [work('a', one, other), work('b', other, one), work('c', one, one), work('d', other, other)];

    await one.rules.signingKeys.rotate('test', 'soon');
    const next = await newest(one);
    // As long as the lead lasts, in which each process hears of it.
    await published(other, [kidOf(early.sessionToken), next]);
    one.clock.advance(9_950);
    await expect.poll(() => kids.has(next)).toBe(true);
    await expect.poll(async () => kidOf(await newToken(other))).toBe(next);
    over.abort();
    await Promise.all(workers);

    expect(kids).toEqual(new Set([kidOf(early.sessionToken), next]));
    expect([...codes]).toEqual(['ACCEPTED']);
    expect(await codeFor(other, early.sessionToken)).toBe('ACCEPTED');
  });
});

test('whoever checks tokens offline finds a new key at its first token, and forgets a dropped one in ten minutes', async () => {
  const verify = createSessionVerifier({
    url: publicUrl,
    merchantId: harness.merchant.id,
    environments: ['test'],
    clock: harness.clock,
    fetch: (input, init) => send(harness.app, input, init),
  });
  const old = await newToken(harness);
  await verify(old);

  await harness.rules.signingKeys.rotate('test', 'soon');
  harness.clock.advance(30_000);
  const rotated = await newToken(harness);
  expect(kidOf(rotated)).not.toBe(kidOf(old));
  await expect(verify(rotated)).resolves.toMatchObject({ environment: 'test' });
  await verify(old);

  await harness.rules.signingKeys.drop(String(kidOf(old)));
  harness.clock.advance(600_000);
  await expect(verify(old)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  await verify(rotated);
});

/** The migrations as they were up to one of them. */
async function migrationsUpTo(tag: string): Promise<string> {
  const folder = await temporaryDirectory();
  await cp(migrationsFolder, folder, { recursive: true });
  const path = join(folder, 'meta', '_journal.json');
  const journal = JSON.parse(await readFile(path, 'utf8')) as { entries: { tag: string }[] };
  const last = journal.entries.findIndex((entry) => entry.tag === tag);
  await writeFile(path, JSON.stringify({ ...journal, entries: journal.entries.slice(0, last + 1) }));
  return folder;
}
