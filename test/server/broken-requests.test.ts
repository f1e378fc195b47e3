import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Listener } from '../../server/http/listener.ts';
import { createHarness, type Harness } from '../support/harness.ts';
import { listenFor, sendBytes } from '../support/raw-http.ts';

let harness: Harness;
let listener: Listener;

beforeAll(async () => {
  harness = await createHarness();
  listener = await listenFor(harness);
});
afterAll(async () => {
  await listener.close(0);
  await harness.stop();
});

/** What was logged of requests since the last time, once there is something. */
async function logged() {
  await expect.poll(() => harness.logLines.some((line) => line.includes('"status"'))).toBe(true);
  return harness.logLines.splice(0).map((line) => JSON.parse(line) as { level: number; status?: number });
}

test.each([['/sandbox/graphql'], ['/sandbox/webhooks/stripe/mer_01m8aqjxsbfetap9vj3mrykybj']])(
  'a body to %s that breaks off is no failure of ours',
  async (path) => {
    harness.logLines.splice(0);
    const socket = connect(listener.port, '127.0.0.1');
    const head = ['Host: localhost', 'Content-Type: application/json', 'Content-Length: 1000', 'Stripe-Signature: x'];
    socket.write(`POST ${path} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n{"query"`);
    setImmediate(() => socket.end());
    const lines = await logged();
    expect(lines.filter(({ level }) => level >= 50)).toEqual([]);
    expect(lines.find(({ status }) => status !== undefined)?.status).toBe(400);
  },
);

test('a request whose client has gone while its credential was looked up ends at once', async () => {
  const lock = await harness.database.db.$client.connect();
  await lock.query('begin; lock table secret_keys in access exclusive mode');
  harness.logLines.splice(0);
  const socket = connect(listener.port, '127.0.0.1');
  const { secretKey } = harness.merchant;
  const head = `Host: localhost\r\nAuthorization: Bearer ${secretKey}\r\nContent-Type: application/json\r\n`;
  socket.write(`POST /sandbox/graphql HTTP/1.1\r\n${head}Content-Length: 24\r\n\r\n{"query":"{ viewer }"}  `);
  await expect.poll(() => harness.statements.some((text) => text.includes('from "secret_keys"'))).toBe(true);
  socket.destroy();
  await new Promise((resolve) => setImmediate(resolve));
  await lock.query('rollback');
  lock.release();
  expect((await logged()).map(({ status }) => status)).toContain(400);
});

test.each(['//user:password@host/sandbox/graphql', 'http://user:password@host/sandbox/graphql'])(
  'the target %s is answered like its path',
  async (target) => {
    const query = encodeURIComponent('{ __typename }');
    const bytes = `GET ${target}?query=${query} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
    expect(await sendBytes(listener.port, bytes)).toMatchObject({
      status: 200,
      body: '{"data":{"__typename":"Query"}}',
    });
  },
);
