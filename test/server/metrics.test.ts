import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { schema } from '../../schema/index.ts';
import { fromWebRequest } from '../../server/http/message.ts';
import { createPrometheus } from '../../server/http/metrics.ts';
import { createHarness, createHarnessForTest, type Harness } from '../support/harness.ts';
import { createDatabase } from '../support/postgres.ts';
import { startServer, urlOf } from '../support/process.ts';
import { masterKey } from '../support/harness.ts';
import { type Sample, samplesIn } from '../support/metrics.ts';

const prometheus = createPrometheus('1.2.3');
const ask = (path = '/metrics', init: RequestInit = {}) =>
  prometheus.answer(fromWebRequest(new Request(`http://localhost${path}`, init), '127.0.0.1'));
const samples = async () => samplesIn((await ask()).body);

/** The value of the one series with this name and these labels; 0 when there is none yet. */
const valueIn = (found: readonly Sample[], name: string, labels: Readonly<Record<string, string>> = {}) =>
  found.find(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  )?.value ?? 0;

/** By how much a series grows while something happens. */
async function growth(name: string, labels: Readonly<Record<string, string>>, work: () => Promise<unknown>) {
  const before = valueIn(await samples(), name, labels);
  await work();
  return valueIn(await samples(), name, labels) - before;
}

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness({ prometheus, requestsPerMinute: { ofSecretKey: 1_000 } });
});
afterAll(() => harness.stop());

const viewer = '{ viewer { externalUserId } }';
const count = 'billingos_request_duration_seconds_count';

describe('is measured', () => {
  test('each request, by the field that it asked for, its status and its code', async () => {
    const { sessionToken } = await harness.merchant.billingos.createSessionToken({ externalUserId: 'ada' });
    const asked = { environment: 'test', route: 'graphql', field: 'viewer' };

    expect(
      await growth(count, { ...asked, status: '200', code: 'OK' }, () => harness.graphql(sessionToken, viewer)),
    ).toBe(1);
    const refused = { ...asked, status: '401', code: 'UNAUTHENTICATED' };
    expect(await growth(count, refused, () => harness.graphql('bos_session_test_no', viewer))).toBe(1);
  });

  test.each([
    ['several fields', '{ viewer { id } currentSession { status } }', 'several'],
    ['a fragment', 'query Q { ...F } fragment F on Query { currentSession { status } }', 'currentSession'],
    ['an alias and its own name', 'query mine { mine: viewer { id } }', 'viewer'],
    ['the schema', '{ __typename }', 'introspection'],
    ['what is no field', '{ nonsense }', 'none'],
    ['what is no document', '{', 'none'],
  ])('%s', async (_what, query, field) => {
    const { sessionToken } = await harness.merchant.billingos.createSessionToken({ externalUserId: 'ada' });
    expect(await growth(count, { field }, () => harness.graphql(sessionToken, query))).toBe(1);
  });

  test('each session that is created', async () => {
    const create = () => harness.merchant.billingos.createSessionToken({ externalUserId: 'ada' });
    expect(await growth('billingos_sessions_created_total', { environment: 'test' }, create)).toBe(1);
  });

  test('each token that is verified, at first sight or remembered', async () => {
    const { sessionToken } = await harness.merchant.billingos.createSessionToken({ externalUserId: 'ada' });
    const twice = async () => {
      await harness.graphql(sessionToken, viewer);
      // By then what memory holds of keys and revocations is too old, and is read again.
      harness.clock.advance(5_000);
      await harness.graphql(sessionToken, viewer);
    };
    const sights = 'billingos_tokens_verified_total';
    expect(await growth(sights, { environment: 'test', sight: 'first' }, twice)).toBe(1);
    expect(await growth(sights, { environment: 'test', sight: 'remembered' }, twice)).toBe(2);
  });

  test('each credential that is refused, by its code', async () => {
    const { sessionToken, session } = await harness.merchant.billingos.createSessionToken({ externalUserId: 'ada' });
    await harness.merchant.billingos.revokeSession(session.id);
    const refusals = 'billingos_credentials_refused_total';
    const revoked = { environment: 'test', credential: 'token', code: 'TOKEN_REVOKED' };
    expect(await growth(refusals, revoked, () => harness.graphql(sessionToken, viewer))).toBe(1);
    const unknown = { environment: 'test', credential: 'secret_key', code: 'UNAUTHENTICATED' };
    expect(await growth(refusals, unknown, () => harness.graphql('sk_test_no', viewer))).toBe(1);
    expect(valueIn(await samples(), 'billingos_revocations_in_memory')).toBeGreaterThan(0);
  });

  test('each request beyond a rate limit', async () => {
    const guess = async () => {
      for (let guesses = 0; guesses < 31; guesses++) {
        await harness.graphql('sk_test_no', viewer, {}, { address: '198.51.100.7' });
      }
    };
    expect(await growth('billingos_rate_limited_total', { limit: 'failure' }, guess)).toBe(1);
  });

  test('the age of the revocation feed, which grows while nobody reads it', async () => {
    await expect.poll(async () => valueIn(await samples(), 'billingos_revocation_feed_age_seconds')).toBeLessThan(1);
    harness.clock.advance(5_000);
    expect(valueIn(await samples(), 'billingos_revocation_feed_age_seconds')).toBeGreaterThanOrEqual(5);
  });

  test('the connections to the database, and who waits for one', async () => {
    const most = valueIn(await samples(), 'billingos_database_connections', { pool: 'requests', state: 'most' });
    expect(most).toBe(10);
    const held = await Promise.all(Array.from({ length: most }, () => harness.database.db.$client.connect()));
    const waiting = harness.database.ping();
    const meanwhile = await samples();
    for (const client of held) client.release();
    await waiting;

    expect(valueIn(meanwhile, 'billingos_database_connections', { pool: 'requests', state: 'busy' })).toBe(10);
    expect(valueIn(meanwhile, 'billingos_database_waiting', { pool: 'requests' })).toBe(1);
    expect(valueIn(await samples(), 'billingos_database_waiting', { pool: 'requests' })).toBe(0);
  });

  test('each failure of the database, an outage apart from a refusal', async () => {
    const { database } = harness;
    const failures = 'billingos_database_failures_total';
    const refuse = async () => {
      await expect(database.db.execute('select nonsense')).rejects.toThrow();
      await expect(database.transaction((transaction) => transaction.execute('select nonsense'))).rejects.toThrow();
    };
    expect(await growth(failures, { pool: 'requests', failure: 'refused' }, refuse)).toBe(2);
    const cancel = () => expect(database.db.execute("do $$ begin raise sqlstate '57014'; end $$")).rejects.toThrow();
    expect(await growth(failures, { pool: 'requests', failure: 'outage' }, cancel)).toBe(1);
  });

  test('the process, its event loop, and what was built', async () => {
    const found = await samples();
    expect(valueIn(found, 'process_resident_memory_bytes')).toBeGreaterThan(0);
    expect(found.map(({ name }) => name)).toContain('nodejs_eventloop_lag_p99_seconds');
    expect(valueIn(found, 'billingos_build_info', { version: '1.2.3', node: process.version })).toBe(1);
    expect(valueIn(found, 'billingos_requests_in_flight')).toBe(0);
  });
});

test('no label is a caller’s text, whatever callers send', async () => {
  const text = 'callers_own_text';
  const { sessionToken } = await harness.merchant.billingos.createSessionToken({ externalUserId: text });
  const { graphql } = harness;
  await graphql(sessionToken, `query ${text} { ${text}: viewer { id } }`);
  await graphql(sessionToken, `{ ${text} }`);
  await graphql(`sk_test_${text}`, viewer);
  await graphql(`bos_session_test_${text}`, viewer);
  await graphql(text, viewer, { [text]: text }, { headers: { 'x-request-id': text, origin: `https://${text}` } });

  const said = (await ask()).body;
  expect(said).not.toContain(text);
  expect(said).not.toContain(harness.merchant.id);
  const known = new Set([
    ...Object.keys(schema.getQueryType()?.getFields() ?? {}),
    ...Object.keys(schema.getMutationType()?.getFields() ?? {}),
    'several',
    'introspection',
    'none',
  ]);
  expect(samplesIn(said).filter(({ labels }) => labels['field'] !== undefined && !known.has(labels['field']))).toEqual(
    [],
  );
});

test('metrics are nowhere in the API', async () => {
  const { status } = await harness.app.fetch(new Request('http://localhost/metrics'), { address: '127.0.0.1' });
  expect(status).toBe(404);
});

test('the listener of metrics answers nothing else', async () => {
  expect((await ask('/')).status).toBe(404);
  expect((await ask('/graphql')).status).toBe(404);
  expect((await ask('/metrics', { method: 'POST' })).status).toBe(405);
});

test('two services in one process count for themselves', async () => {
  const other = createPrometheus('1.2.3');
  const { merchant } = await createHarnessForTest({ prometheus: other });
  const created = 'billingos_sessions_created_total';
  const create = () => merchant.billingos.createSessionToken({ externalUserId: 'ada' });
  expect(await growth(created, { environment: 'test' }, create)).toBe(0);
  const answer = await other.answer(fromWebRequest(new Request('http://localhost/metrics'), '127.0.0.1'));
  expect(valueIn(samplesIn(answer.body), created, { environment: 'test' })).toBe(1);
});

test('a server serves metrics on a port of their own, on loopback, when it is told to', async () => {
  const server = await startServer({
    DATABASE_URL: urlOf(await createDatabase()),
    BILLINGOS_MASTER_KEY: masterKey,
    BILLINGOS_METRICS_PORT: '0',
  });
  const url = /Metrics +(http:\/\/127\.0\.0\.1:\d+\/metrics)/.exec(server.stdout())?.[1] ?? '';
  const answer = await fetch(url);
  expect(answer.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  expect(await answer.text()).toContain('billingos_revocation_feed_age_seconds');
  expect((await fetch(`${server.url}/metrics`)).status).toBe(404);
  expect(await server.stop()).toBe(0);
});
