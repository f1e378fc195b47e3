import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RequestsPerMinute } from '../../server/config.ts';
import { createRateLimits } from '../../server/http/rate-limit.ts';
import { createLogger } from '../../server/log.ts';
import type { SharedCounts } from '../../server/rate-limit-rows.ts';
import { createHarness, createHarnessForTest, type Harness, send } from '../support/harness.ts';

const failures = 30;
const logger = createLogger({ level: 'silent', destination: process.stderr });
const rateLimitsOf = (requestsPerMinute: Partial<RequestsPerMinute>, sharedCounts?: SharedCounts) =>
  createRateLimits({
    requestsPerMinute: { ofSecretKey: 0, ofCustomer: 0, ofAddress: 0, ...requestsPerMinute },
    sharedCounts,
    logger,
  });

async function times(count: number, act: () => Promise<unknown>) {
  for (let index = 0; index < count; index++) await act();
}

let database: Harness;
beforeAll(async () => {
  database = await createHarness();
});
afterAll(() => database.stop());

const start = (requestsPerMinute: Partial<RequestsPerMinute>, processes: 'one' | 'several' = 'one') =>
  createHarnessForTest({ connection: database.connection, requestsPerMinute, processes });

const tokenFor = async ({ merchant }: Harness, externalUserId: string) =>
  (await merchant.billingos.createSessionToken({ externalUserId })).sessionToken;

const viewer = '{ viewer { id } }';

/** The machine may pause. */
const isBetween = (least: number, most: number) => (value: number) => value >= least && value <= most;

describe('failures count', () => {
  async function afterFailuresAt(address: string) {
    const limits = rateLimitsOf({});
    await times(failures, () => limits.countFailure(address));
    return limits;
  }

  test('together for all addresses of one IPv6 network', async () => {
    const limits = await afterFailuresAt('2001:db8:1:2::1');
    await expect(limits.refuseAfterFailures('2001:db8:1:2:ffff::9')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  });

  test('apart for two IPv6 networks', async () => {
    const limits = await afterFailuresAt('2001:db8:1:2::1');
    await expect(limits.refuseAfterFailures('2001:db8:1:3::1')).resolves.toBeUndefined();
  });

  test('together for an IPv4 address in both its spellings', async () => {
    const limits = await afterFailuresAt('::ffff:203.0.113.7');
    await expect(limits.refuseAfterFailures('203.0.113.7')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  });

  test.each([
    ['203.0.113.7', '203.0.113.7:51234'],
    ['2001:db8:1:2::1', '[2001:db8:1:2::9]:443'],
    ['2001:db8:1:2::1', '[2001:db8:1:2::9]'],
    ['unknown', '_hidden:1234'],
  ])('together for %s and %s, as some proxies name it', async (address, named) => {
    const limits = await afterFailuresAt(address);
    await expect(limits.refuseAfterFailures(named)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    await expect(limits.refuseAfterFailures('198.51.100.1:80')).resolves.toBeUndefined();
  });
});

describe('one process', () => {
  test('tells a key how long to wait once it has used up its minute', async () => {
    const { graphql, merchant, rival } = await start({ ofSecretKey: 2 });
    const ask = (secretKey: string) => graphql(secretKey, '{ session(id: "none") { id } }');
    await times(2, () => ask(merchant.secretKey));

    const refused = await ask(merchant.secretKey);
    expect(refused).toMatchObject({ status: 429, code: 'RATE_LIMITED' });
    expect(Number(refused.headers.get('retry-after'))).toSatisfy(isBetween(50, 60));
    expect((await ask(rival.secretKey)).status).toBe(200);
  });

  test('limits a customer over all its sessions, and no other customer at the same address', async () => {
    const harness = await start({ ofCustomer: 4 });
    const [first, second, other] = [
      await tokenFor(harness, 'ada'),
      await tokenFor(harness, 'ada'),
      await tokenFor(harness, 'bob'),
    ];
    await times(2, () => harness.graphql(first, viewer));
    await times(2, () => harness.graphql(second, viewer));

    expect(await harness.graphql(first, viewer)).toMatchObject({ status: 429, code: 'RATE_LIMITED' });
    expect(await harness.graphql(second, viewer)).toMatchObject({ status: 429, code: 'RATE_LIMITED' });
    expect((await harness.graphql(other, viewer)).status).toBe(200);
  });

  test('answers a limited caller without a statement, and before it reads the document', async () => {
    const harness = await start({ ofCustomer: 1 });
    const token = await tokenFor(harness, 'ada');
    await harness.graphql(token, viewer);
    harness.statements.splice(0);

    const refused = await harness.graphql(token, 'no document at all');
    expect(refused).toMatchObject({ status: 429, data: undefined });
    expect(harness.requestStatements()).toEqual([]);
  });

  test('limits an address that sends no credential, a wrong one or a forged token, and none with a good one', async () => {
    const harness = await start({ ofAddress: 4 });
    const token = await tokenFor(harness, 'ada');
    const forged = `${token.slice(0, -20)}AAAAAAAAAAAAAAAAAAAA`;
    const from = (address: string) => ({ address });
    await times(10, () => harness.graphql(token, viewer));
    await times(10, () => harness.graphql(harness.merchant.secretKey, '{ session(id: "none") { id } }'));

    for (const credential of [null, forged, 'neither', 'sk_test_neither']) {
      expect((await harness.graphql(credential, viewer)).status).toBe(401);
    }
    for (const credential of [null, forged, 'neither', 'sk_test_neither']) {
      expect((await harness.graphql(credential, viewer)).code).toBe('RATE_LIMITED');
    }
    expect((await harness.graphql(token, viewer)).status).toBe(200);
    expect((await harness.graphql(null, viewer, {}, from('203.0.113.9'))).status).toBe(401);
  });

  test('counts tokens that are over for no address, and the same one sent again and again by itself', async () => {
    const harness = await start({ ofAddress: 1, ofCustomer: 3 });
    const expired = await Promise.all(['ada', 'bob', 'cy', 'di'].map((user) => tokenFor(harness, user)));
    harness.clock.advance(3_600_000);
    for (const token of expired) expect((await harness.graphql(token, viewer)).code).toBe('TOKEN_EXPIRED');

    const [first = ''] = expired;
    await times(2, () => harness.graphql(first, viewer));
    expect((await harness.graphql(first, viewer)).code).toBe('RATE_LIMITED');
    expect((await harness.graphql(await tokenFor(harness, 'ada'), viewer)).status).toBe(200);
  });

  test('limits an address on the test pages of payments', async () => {
    const { app } = await start({ ofAddress: 2 });
    const look = () => send(app, 'http://localhost/sandbox/pay/chk_none');
    expect((await look()).status).toBe(404);
    expect((await look()).status).toBe(404);
    expect((await look()).status).toBe(429);
  });

  test('limits an address whose webhooks are not accepted', async () => {
    const { app, merchant } = await start({ ofAddress: 2 });
    const tell = () =>
      send(app, `http://localhost/sandbox/webhooks/stripe/${merchant.id}`, { method: 'POST', body: '{}' });
    expect((await tell()).status).toBe(400);
    expect((await tell()).status).toBe(400);
    expect((await tell()).status).toBe(429);
  });

  test('without limits counts nobody', async () => {
    const limits = rateLimitsOf({});
    await Promise.all(Array.from({ length: 1_000 }, () => limits.countSecretKey('key_1')));
  });
});

describe('processes on one database', () => {
  const points = async () => {
    const { rows } = await database.database.db.$client.query<{ points: number }>(
      `select points::float8 from rate_limits where key like 'customer %' order by points desc limit 1`,
    );
    return rows[0]?.points ?? 0;
  };

  test('hold one limit together', async () => {
    const [one, other] = [await start({ ofCustomer: 100 }, 'several'), await start({ ofCustomer: 100 }, 'several')];
    const token = await tokenFor(one, 'ada');
    await times(100, () => one.graphql(token, viewer));
    await expect.poll(points, { timeout: 10_000 }).toBe(100);

    const otherAnswers = async () => (await other.graphql(token, viewer)).status;
    expect(await otherAnswers()).toBe(200);
    // By itself it would let a hundred through.
    await expect.poll(otherAnswers, { timeout: 4_000, interval: 50 }).toBe(429);
  });

  test('tell of all subjects in one statement, and of those that are far from their limit nothing', async () => {
    const sharedCounts = {
      add: (...counts: Parameters<SharedCounts['add']>) => (told.push(counts), real.add(...counts)),
    };
    const told: Parameters<SharedCounts['add']>[] = [];
    const real = database.rules.sharedCounts;
    const limits = rateLimitsOf({ ofCustomer: 100, ofSecretKey: 20 }, sharedCounts);
    await times(9, () => limits.countCustomer('quiet'));
    await limits.share();
    expect(told).toEqual([]);

    await times(10, () => limits.countCustomer('busy'));
    await times(3, () => limits.countSecretKey('key'));
    await limits.share();
    await limits.share();
    expect(told.map(([counts]) => counts)).toEqual([
      [
        { key: 'customer busy', points: 10 },
        { key: 'secret_key key', points: 3 },
      ],
    ]);
  });

  test('refuse for as long as the common minute lasts, and begin another one after it', async () => {
    const [one, other] = [1, 2].map(() => rateLimitsOf({ ofSecretKey: 10 }, database.rules.sharedCounts));
    if (!one || !other) throw new TypeError('two processes');
    await times(10, () => one.countSecretKey('key_w'));
    await one.share();
    await database.database.db.$client.query(
      `update rate_limits set expires_at = now() + interval '20 s' where key = 'secret_key key_w'`,
    );
    await other.countSecretKey('key_w');
    await other.share();
    await expect(other.countSecretKey('key_w')).rejects.toMatchObject({
      extensions: { retryAfterSeconds: expect.toSatisfy(isBetween(10, 20)) },
    });

    await database.database.db.$client.query(
      `update rate_limits set expires_at = now() where key = 'secret_key key_w'`,
    );
    const third = rateLimitsOf({ ofSecretKey: 10 }, database.rules.sharedCounts);
    await third.countSecretKey('key_w');
    await third.share();
    await expect(third.countSecretKey('key_w')).resolves.toBeUndefined();
  });

  test('go on serving, each with its own limit, when the database does not answer', async () => {
    const sharedCounts = { add: () => Promise.reject(new Error('gone')) };
    const limits = rateLimitsOf({ ofCustomer: 10 }, sharedCounts);
    await times(10, () => limits.countCustomer('ada'));
    await expect(limits.share()).resolves.toBeUndefined();
    await expect(limits.countCustomer('ada')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  });

  test('forget what is over', async () => {
    await database.rules.sharedCounts.add([{ key: 'old', points: 1 }], 0);
    await database.rules.sharedCounts.add([{ key: 'new', points: 1 }], 60);
    await database.rules.retention.clean();
    const { rows } = await database.database.db.$client.query(
      `select key from rate_limits where key in ('old', 'new')`,
    );
    expect(rows).toEqual([{ key: 'new' }]);
  });
});

test('a process that is alone on its database writes no counts into it', async () => {
  const harness = await start({ ofSecretKey: 5, ofCustomer: 5, ofAddress: 5 });
  const token = await tokenFor(harness, 'ada');
  await times(5, () => harness.graphql(token, viewer));
  await harness.stop();
  expect(harness.statements.filter((statement) => statement.includes('rate_limits'))).toEqual([]);
});
