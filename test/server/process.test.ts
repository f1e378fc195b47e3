import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dataDirectory, type Environment, type ServerProcess, startServer, urlOf } from '../support/process.ts';
import { createHarnessForTest } from '../support/harness.ts';
import { createDatabase } from '../support/postgres.ts';

const masterKey = 'another master key of the tests, long enough';

let data: Awaited<ReturnType<typeof dataDirectory>>;
let env: Environment;
let server: ServerProcess;

beforeAll(async () => {
  data = await dataDirectory();
  env = { BILLINGOS_DATA_DIR: data.path };
  server = await startServer(env);
});
afterAll(async () => {
  await server.stop();
  await data.remove();
});

const createSession = 'mutation { createSession(input: { externalUserId: "ada" }) { session { id } } }';

const secretKeysIn = (text: string) => text.match(/sk_(test|live)_\w+/g) ?? [];

const graphql = async ({ url }: ServerProcess, credential: string, query: string) => {
  const response = await fetch(`${url}/sandbox/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${credential}` },
    body: JSON.stringify({ query }),
  });
  return { status: response.status, body: (await response.json()) as { data: Record<string, never> | null } };
};

const statusOf = async (path: string) => {
  const response = await fetch(server.url + path);
  return [response.status, await response.json()];
};

describe('the first start', () => {
  test('prints one key of the sandbox, and a line that it is ready', async () => {
    const [secretKey, ...others] = secretKeysIn(server.stdout());
    expect(others).toEqual([]);
    expect(server.stdout()).toMatch(/^BillingOS is ready on http:\/\/127\.0\.0\.1:\d+$/m);
    expect((await graphql(server, secretKey ?? '', createSession)).status).toBe(200);
  });

  test('writes no secret into the log', () => {
    expect(server.stderr()).not.toMatch(/sk_test_\w|bos_session_test_\w|eyJ\w/);
  });

  test('answers that it is alive and ready', async () => {
    expect(await statusOf('/livez')).toEqual([200, { status: 'alive' }]);
    expect(await statusOf('/readyz')).toEqual([200, { status: 'ready' }]);
  });
});

describe('a stop', () => {
  test('answers the request that is under way, and then ends with 0', { timeout: 60_000 }, async () => {
    const database = await createDatabase();
    const stopping = await startServer({ ...env, DATABASE_URL: urlOf(database), BILLINGOS_MASTER_KEY: masterKey });
    const body = JSON.stringify({ query: '{ __typename }' });
    const socket = connect(stopping.port, '127.0.0.1');
    socket.setEncoding('utf8');
    socket.write(
      `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    // So that the request has reached the server.
    await fetch(`${stopping.url}/livez`);
    const stopped = stopping.stop();
    await expect
      .poll(() =>
        fetch(`${stopping.url}/livez`).then(
          () => 'accepted',
          () => 'refused',
        ),
      )
      .toBe('refused');

    const answeredAt = performance.now();
    socket.write(body);
    const [answer] = await once(socket, 'data');
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK[^]*{"data":{"__typename":"Query"}}/);
    expect(await stopped).toBe(0);
    // Although the client would have kept the connection.
    expect(performance.now() - answeredAt).toBeLessThan(5_000);
  });

  test(
    'keeps what was there: the second start prints no key, and the first one still works',
    { timeout: 60_000 },
    async () => {
      const [secretKey = ''] = secretKeysIn(server.stdout());
      await graphql(server, secretKey, createSession);
      expect(await server.stop()).toBe(0);
      server = await startServer(env);

      expect(secretKeysIn(server.stdout())).toEqual([]);
      const { body } = await graphql(server, secretKey, '{ sessions(first: 1) { edges { node { externalUserId } } } }');
      expect(body.data).toEqual({ sessions: { edges: [{ node: { externalUserId: 'ada' } }] } });
    },
  );

  test('is announced: from its beginning the service is alive and not ready', async () => {
    const { app } = await createHarnessForTest();
    app.announceStop();
    const [live, ready] = await Promise.all(
      ['/livez', '/readyz'].map((path) => app.fetch(new Request(`http://localhost:4000${path}`), { address: '' })),
    );
    expect(live?.status).toBe(200);
    expect([ready?.status, await ready?.json()]).toEqual([503, { status: 'stopping' }]);
  });
});
