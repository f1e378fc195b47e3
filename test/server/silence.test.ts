import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { openDatabase, type Transaction } from '../../server/database/database.ts';
import { fromWebRequest } from '../../server/http/message.ts';
import { createGraphqlHandler } from '../../server/http/handler.ts';
import { createOriginRules } from '../../server/http/origin.ts';
import { createLogger } from '../../server/log.ts';
import { unmeasured } from '../../server/metrics.ts';
import { createDatabase } from '../support/postgres.ts';

afterEach(() => vi.useRealTimers());

/** A way to the database that can fall silent: what is sent then arrives nowhere, and nothing is closed. */
async function createSilenceableProxy(socketPath: string) {
  const pairs: (readonly [Socket, Socket])[] = [];
  const server = createServer((client) => {
    const upstream = connect(socketPath);
    for (const socket of [client, upstream]) socket.on('error', () => undefined);
    client.pipe(upstream).pipe(client);
    pairs.push([client, upstream]);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of pairs.flat()) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    fallSilent: () => {
      for (const [client, upstream] of pairs) client.unpipe(upstream);
    },
  };
}

test('a statement to a database that has fallen silent is given up', async () => {
  const { directory, user, database: name } = await createDatabase();
  const proxy = await createSilenceableProxy(join(directory, '.s.PGSQL.5432'));
  const url = `postgres://${user}@127.0.0.1:${proxy.port}/${name}`;
  const database = await openDatabase({
    connection: { kind: 'url', url },
    applicationName: 'test',
    statementTimeoutMs: 4_000,
  });

  proxy.fallSilent();
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  const ping = expect(database.ping()).rejects.toThrow('timeout');
  await vi.advanceTimersByTimeAsync(5_000);
  await ping;
});

test.each([
  ['when they are to begin', false],
  ['in their midst', true],
])('no connection is lost to transactions that a silence meets %s', async (_when, hasBegun) => {
  const { directory, user, database: name } = await createDatabase();
  const proxy = await createSilenceableProxy(join(directory, '.s.PGSQL.5432'));
  const database = await openDatabase({
    connection: { kind: 'url', url: `postgres://${user}@127.0.0.1:${proxy.port}/${name}` },
    applicationName: 'test',
    statementTimeoutMs: 4_000,
    maxConnections: 2,
  });
  const both = (work: (db: Transaction) => Promise<unknown>) =>
    Promise.allSettled([database.transaction(work), database.transaction(work)]);
  await both((db) => db.execute('select 1'));

  vi.useFakeTimers({ toFake: ['setTimeout'] });
  if (!hasBegun) proxy.fallSilent();
  let begun = 0;
  const failing = both(async (db) => {
    begun += 1;
    if (begun === 2) proxy.fallSilent();
    // Neither asks before both have begun.
    await vi.waitUntil(() => begun === 2);
    return db.execute('select 1');
  });
  for (let count = 0; count < 3; count++) await vi.advanceTimersByTimeAsync(5_000);
  expect((await failing).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  vi.useRealTimers();

  await both((db) => db.execute('select 1'));
  await expect(database.ping()).resolves.toBeUndefined();
  expect(database.connections().busy).toBe(0);
  await database.close();
});

test('a request that nobody answers is told to come again after ten seconds', async () => {
  vi.useFakeTimers();
  const handler = createGraphqlHandler({
    environment: 'test',
    endpoint: () => new Promise(() => undefined),
    originRules: createOriginRules({ allowedOrigins: new Set(), ownOrigins: new Set(), onRefused: () => undefined }),
    authenticate: async () => ({ kind: 'anonymous', refusal: undefined }),
    logger: createLogger({ level: 'silent', destination: process.stderr }),
    metrics: unmeasured,
  });
  const request = new Request('http://localhost/sandbox/graphql?query={__typename}');
  const answer = handler(fromWebRequest(request, '127.0.0.1'));

  await vi.advanceTimersByTimeAsync(9_999);
  expect(await Promise.race([answer, Promise.resolve('nothing yet')])).toBe('nothing yet');
  await vi.advanceTimersByTimeAsync(1);
  expect((await answer).status).toBe(503);
  expect((await answer).headers['retry-after']).toBe('1');
});
