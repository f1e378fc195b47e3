import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whoAmI } from '../support/forge.ts';
import {
  createHarness,
  createHarnessForTest,
  createTestClock,
  type Harness,
  sdkFor,
  type TestMerchant,
} from '../support/harness.ts';

let harness: Harness;
/** Another process on the same database. */
let second: Harness;
beforeAll(async () => {
  harness = await createHarness();
  second = await createHarness({ connection: harness.connection });
});
afterAll(async () => {
  await second.stop();
  await harness.stop();
});

const revokeBy = (merchant: TestMerchant, by: object) =>
  harness.graphql(
    merchant.secretKey,
    'mutation ($by: RevokeSessionsBy!) { revokeSessions(by: $by) { revokedCount } }',
    {
      by,
    },
  );

interface Victim {
  readonly merchant: TestMerchant;
  readonly token: string;
  readonly sessionId: string;
  readonly customerId: string;
}

async function newVictim(): Promise<Victim> {
  const merchant = await harness.newMerchant('Victim');
  const { sessionToken, session, customer } = await merchant.billingos.createSessionToken({
    externalUserId: 'ada',
    externalOrganizationId: 'org',
  });
  return { merchant, token: sessionToken, sessionId: session.id, customerId: customer.id };
}

const owner = ({ merchant }: Victim) => ({ merchantId: merchant.id, environment: merchant.environment });
const endKey = (victim: Victim) =>
  harness.rules.secretKeys.revoke(owner(victim), victim.merchant.keyId as `key_${string}`, { sessions: 'revoke' });

/** Everything that ends a session before its time. */
const endings: readonly (readonly [string, (victim: Victim) => Promise<unknown>])[] = [
  ['the session', ({ merchant, sessionId }) => merchant.billingos.revokeSession(sessionId)],
  ['its customer’s sessions', ({ merchant, customerId }) => revokeBy(merchant, { customer: customerId })],
  ['its organization’s sessions', ({ merchant }) => revokeBy(merchant, { organization: 'org' })],
  ['its key’s sessions', ({ merchant }) => revokeBy(merchant, { key: merchant.keyId })],
  ['the merchant’s sessions', ({ merchant }) => revokeBy(merchant, { all: true })],
  ['its key', endKey],
  ['itself, by signing out', ({ token }) => harness.graphql(token, 'mutation { endSession { id } }')],
];

/** Uses it without a pause while it is being ended, and after: how long after the end the last success began. */
async function lastSuccessAfter(end: () => Promise<unknown>, isAccepted: () => Promise<boolean>, watchMs: number) {
  let endedAt = Number.POSITIVE_INFINITY;
  let lastMs = Number.NEGATIVE_INFINITY;
  const useOnAndOn = async () => {
    while (performance.now() < endedAt + watchMs) {
      const startedAt = performance.now();
      if (await isAccepted()) lastMs = Math.max(lastMs, startedAt - endedAt);
      else if (startedAt > endedAt) return;
      // A refusal from memory needs no input or output: the end must get its turn.
      await nextTurn();
    }
  };
  const users = Array.from({ length: 4 }, useOnAndOn);
  await end();
  endedAt = performance.now();
  await Promise.all(users);
  return { lastMs, isAcceptedStill: await isAccepted() };
}

const isAcceptedBy = (process: Harness, token: string) => async () =>
  (await process.graphql(token, whoAmI)).status === 200;

describe.each(endings)('after the end of %s', (_what, end) => {
  test('B9 no request that begins after the acknowledgement succeeds in the same process', async () => {
    const victim = await newVictim();
    expect(await isAcceptedBy(harness, victim.token)()).toBe(true);
    const { lastMs, isAcceptedStill } = await lastSuccessAfter(
      () => end(victim),
      isAcceptedBy(harness, victim.token),
      50,
    );
    expect(lastMs).toBeLessThan(0);
    expect(isAcceptedStill).toBe(false);
    expect((await harness.graphql(victim.token, whoAmI)).code).toBe('TOKEN_REVOKED');
  });

  test('B9 no request that begins a second after it succeeds in another process', async () => {
    const victim = await newVictim();
    expect(await isAcceptedBy(second, victim.token)()).toBe(true);
    const { lastMs, isAcceptedStill } = await lastSuccessAfter(
      () => end(victim),
      isAcceptedBy(second, victim.token),
      5_000,
    );
    expect(lastMs).toBeLessThan(1_000);
    expect(isAcceptedStill).toBe(false);
  });

  test('B9 a process whose feed is cut asks the database, and refuses at once', async () => {
    const cut = await createHarnessForTest({ connection: harness.connection });
    const victim = await newVictim();
    await cut.rules.revocations.stop();
    cut.clock.advance(1_001);

    const before = cut.requestStatements().length;
    expect(await isAcceptedBy(cut, victim.token)()).toBe(true);
    expect(cut.requestStatements().slice(before)[0]).toContain('"revocations"');
    await end(victim);
    expect((await cut.graphql(victim.token, whoAmI)).code).toBe('TOKEN_REVOKED');
  });
});

test('B9 a process that cannot read the revocations accepts nobody, though everything else answers', async () => {
  const blind = await createHarnessForTest();
  const { sessionToken, customer } = await blind.merchant.billingos.createSessionToken({ externalUserId: 'ada' });
  await blind.rules.revocations.stop();
  blind.clock.advance(1_001);
  const ask = () => blind.graphql(sessionToken, '{ viewer { id } }');
  expect((await ask()).data).toEqual({ viewer: { id: customer.id } });
  await blind.database.db.execute('alter table revocations rename to out_of_reach');
  expect(await ask()).toMatchObject({ status: 503, code: 'UNAVAILABLE', data: null });
});

test('B9 a process that can ask neither feed nor database accepts nobody', async () => {
  const alone = await createHarnessForTest({ connection: harness.connection });
  const [victim, known] = [await newVictim(), await newVictim()];
  expect(await isAcceptedBy(alone, victim.token)()).toBe(true);
  await alone.graphql(known.merchant.secretKey, 'mutation ($id: ID!) { revokeSession(id: $id) { id } }', {
    id: known.sessionId,
  });

  await alone.rules.revocations.stop();
  await alone.database.close();
  alone.clock.advance(1_001);
  for (const query of [whoAmI, '{ viewer { id } }']) {
    const answer = await alone.graphql(victim.token, query);
    expect(answer).toMatchObject({ status: 503, code: 'UNAVAILABLE', data: null });
    expect(answer.headers.get('retry-after')).toBe('1');
  }
  // What it knows it goes on saying.
  expect((await alone.graphql(known.token, whoAmI)).code).toBe('TOKEN_REVOKED');
});

const ask = async (process: Harness, { merchant }: Victim) =>
  (await process.graphql(merchant.secretKey, '{ sessions { edges { cursor } } }')).status === 200;

describe('a secret key', () => {
  test('B9 that is revoked is refused at once in the same process', async () => {
    const victim = await newVictim();
    const { lastMs, isAcceptedStill } = await lastSuccessAfter(
      () => endKey(victim),
      () => ask(harness, victim),
      50,
    );
    expect(lastMs).toBeLessThan(0);
    expect(isAcceptedStill).toBe(false);
  });

  test('B9 that is revoked is refused within a second in another process', async () => {
    const victim = await newVictim();
    expect(await ask(second, victim)).toBe(true);
    const { lastMs, isAcceptedStill } = await lastSuccessAfter(
      () => endKey(victim),
      () => ask(second, victim),
      5_000,
    );
    expect(lastMs).toBeLessThan(1_000);
    expect(isAcceptedStill).toBe(false);
  });

  test('B9 that is revoked leaves nothing behind: no session that it was creating at that moment counts', async () => {
    for (const process of [harness, second]) {
      const victim = await newVictim();
      const create = () =>
        process.graphql(
          victim.merchant.secretKey,
          'mutation { createSession(input: { externalUserId: "ada" }) { sessionToken } }',
        );
      const created: string[] = [];
      let isOver = false;
      const createOnAndOn = async () => {
        while (!isOver) {
          const { data } = await create();
          if (data) created.push(data['createSession'].sessionToken);
          else isOver = true;
        }
      };
      const creators = Array.from({ length: 4 }, createOnAndOn);
      await create();
      await endKey(victim);
      await Promise.all(creators);

      expect(created.length).toBeGreaterThan(0);
      for (const token of created) expect((await harness.graphql(token, whoAmI)).code).toBe('TOKEN_REVOKED');
    }
  });

  test('B9 that is revoked takes no other key with it, nor a request whose key is being read at that moment', async () => {
    const bystander = await harness.newMerchant('Bystander');
    const statuses: number[] = [];
    const over = new AbortController();
    // A new key each time: it is always being read.
    const useNewKeys = async () => {
      while (!over.signal.aborted) {
        const { secretKey } = await harness.rules.secretKeys.create(
          { merchantId: bystander.id, environment: 'test' },
          'New',
        );
        statuses.push((await harness.graphql(secretKey, '{ session(id: "none") { id } }')).status);
      }
    };
    const users = Array.from({ length: 4 }, useNewKeys);
    for (let round = 0; round < 20; round++) await endKey(await newVictim());
    over.abort();
    await Promise.all(users);
    expect(statuses.length).toBeGreaterThan(20);
    expect(new Set(statuses)).toEqual(new Set([200]));
  });
});

test('B9 a revocation ends the sessions that were there, and no later one', async () => {
  const victim = await newVictim();
  await revokeBy(victim.merchant, { all: true });
  harness.clock.advance(1);
  const { sessionToken } = await victim.merchant.billingos.createSessionToken({ externalUserId: 'ada' });
  expect(await isAcceptedBy(harness, sessionToken)()).toBe(true);
});

/** A process whose clock is wrong by this much. */
async function processWithClock(aheadMs: number) {
  const clock = createTestClock();
  clock.advance(aheadMs);
  return createHarnessForTest({ connection: harness.connection, clock, timeOf: 'database' });
}

describe.each([
  ['ahead', 5_000],
  ['behind', -5_000],
])('where the clock of the process that ends something is 5 s %s', (_how, aheadMs) => {
  const mutate = (process: Harness, { merchant }: Victim, query: string, id: string) =>
    process.graphql(merchant.secretKey, `mutation ($id: ID!) { ${query} }`, { id });
  const newToken = async (process: Harness, { merchant }: Victim) =>
    (await sdkFor(process.app, merchant.secretKey).createSessionToken({ externalUserId: 'ada' })).sessionToken;
  const codeAt = async (process: Harness, token: string) => (await process.graphql(token, whoAmI)).code ?? 'ACCEPTED';

  test('B9 a session ends within a second in the other process', async () => {
    const [wrong, right] = [await processWithClock(aheadMs), await processWithClock(0)];
    const victim = await newVictim();
    expect(await codeAt(right, victim.token)).toBe('ACCEPTED');
    await mutate(wrong, victim, 'revokeSession(id: $id) { id }', victim.sessionId);
    await expect.poll(() => codeAt(right, victim.token), { timeout: 1_000, interval: 20 }).toBe('TOKEN_REVOKED');
  });

  test('B9 a token that the other process has just issued ends, and the one after it counts', async () => {
    const [wrong, right] = [await processWithClock(aheadMs), await processWithClock(0)];
    const victim = await newVictim();
    for (const [issuing, revoking] of [
      [wrong, right],
      [right, wrong],
    ] as const) {
      const token = await newToken(issuing, victim);
      expect(await codeAt(issuing, token)).toBe('ACCEPTED');
      await mutate(revoking, victim, 'revokeSessions(by: { key: $id }) { revokedCount }', victim.merchant.keyId);
      await expect.poll(() => codeAt(issuing, token), { timeout: 1_000, interval: 20 }).toBe('TOKEN_REVOKED');
      expect(await codeAt(revoking, token)).toBe('TOKEN_REVOKED');
      for (const process of [revoking, issuing]) {
        const fresh = await newToken(process, victim);
        expect([await codeAt(wrong, fresh), await codeAt(right, fresh)]).toEqual(['ACCEPTED', 'ACCEPTED']);
      }
    }
  });

  test('B9 a secret key is refused within a second in the other process', async () => {
    const [wrong, right] = [await processWithClock(aheadMs), await processWithClock(0)];
    const victim = await newVictim();
    expect(await ask(right, victim)).toBe(true);
    await wrong.rules.secretKeys.revoke(owner(victim), victim.merchant.keyId as `key_${string}`, { sessions: 'keep' });
    await expect.poll(() => ask(right, victim), { timeout: 1_500, interval: 20 }).toBe(false);
  });
});

test('B9 only the end of a key may lie ahead: any other revocation counts at once, whatever moment it names', async () => {
  const victim = await newVictim();
  const cut = await createHarnessForTest({ connection: harness.connection });
  await cut.rules.revocations.stop();
  cut.clock.advance(1_001);
  const revokedAtMs = harness.clock.now() + 60_000;
  await harness.rules.revocations.add(owner(victim), { kind: 'session', subject: victim.sessionId, revokedAtMs });

  expect((await harness.graphql(victim.token, whoAmI)).code).toBe('TOKEN_REVOKED');
  expect((await cut.graphql(victim.token, whoAmI)).code).toBe('TOKEN_REVOKED');
  expect(await victim.merchant.billingos.session(victim.sessionId)).toMatchObject({ status: 'REVOKED' });
});

describe('the feed', () => {
  const currentSession = '{ currentSession { id } }';
  const newSession = (process: Harness) => process.merchant.billingos.createSessionToken({ externalUserId: 'ada' });
  const insertRevocation = (process: Harness, sessionId: string, recordedAgo: string) =>
    sql`insert into revocations (merchant_id, environment, id, kind, subject, revoked_at, expires_at, recorded_at)
        values (${process.merchant.id}, 'test', ${`rev_${sessionId}`}, 'session', ${sessionId}, now(),
          now() + interval '1 day', clock_timestamp() - ${recordedAgo}::interval)`;
  const isFreshAfter = async (process: Harness, ms: number) => {
    process.clock.advance(ms);
    await expect.poll(() => process.rules.revocations.isFresh(), { interval: 20, timeout: 5_000 }).toBe(true);
  };

  const expectRevoked = (process: Harness, sessionToken: string) =>
    expect
      .poll(async () => (await process.graphql(sessionToken, currentSession)).code, { interval: 20, timeout: 2_000 })
      .toBe('TOKEN_REVOKED');

  test('B9 sees a revocation that was committed 50 seconds after it was recorded', async () => {
    const process = await createHarnessForTest();
    const { sessionToken, session } = await newSession(process);
    await process.database.transaction(async (transaction) => {
      await transaction.execute(insertRevocation(process, session.id, '50 s'));
      for (let round = 0; round < 3; round++) await isFreshAfter(process, 1_001);
      expect((await process.graphql(sessionToken, currentSession)).status).toBe(200);
    });
    await expectRevoked(process, sessionToken);
  });

  test('B9 sees every revocation in force within five minutes, however late it was committed', async () => {
    const process = await createHarnessForTest();
    const { sessionToken, session } = await newSession(process);
    await process.database.db.execute(insertRevocation(process, session.id, '1 hour'));
    await isFreshAfter(process, 1_001);
    expect((await process.graphql(sessionToken, currentSession)).status).toBe(200);
    await isFreshAfter(process, 300_000);
    // All of them are read beside what is new, which alone makes the memory fresh.
    await expectRevoked(process, sessionToken);
  });

  test('B9 stays fresh while requests hold every connection', async () => {
    const process = await createHarnessForTest();
    const over = new AbortController();
    const isOver = once(over.signal, 'abort');
    const holders = Array.from({ length: 10 }, () => process.database.transaction(() => isOver));
    await isFreshAfter(process, 1_001).finally(() => over.abort());
    await Promise.all(holders);
  });

  test('B9 forgets what no living token can be concerned by: memory is bounded', async () => {
    const process = await createHarnessForTest();
    const { session } = await newSession(process);
    await process.merchant.billingos.revokeSession(session.id);
    await isFreshAfter(process, 86_400_000);
    expect(process.rules.revocations.rememberedCount()).toBe(1);
    process.clock.advance(61_000);
    await expect.poll(() => process.rules.revocations.rememberedCount(), { interval: 20, timeout: 5_000 }).toBe(0);
  });
});
