import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createLoopWatch } from '../../server/http/loop-watch.ts';
import { createRoom } from '../../server/http/room.ts';
import {
  createHarness,
  createHarnessForTest,
  createTestClock,
  type Harness,
  send,
  shopOrigin,
} from '../support/harness.ts';
import { graphqlBytes, listenFor, sendBytes } from '../support/raw-http.ts';

let database: Harness;
beforeAll(async () => {
  database = await createHarness();
});
afterAll(() => database.stop());

const viewer = '{ viewer { id } }';

/** A service with room for two, both of which are waiting for a database that is locked, and how to let them go. */
async function startFull() {
  const harness = await createHarnessForTest({ connection: database.connection, maxInFlight: 2 });
  const { sessionToken } = await harness.merchant.billingos.createSessionToken({ externalUserId: 'ada' });
  const { port, close } = await listenFor(harness);
  onTestFinished(() => close(0));
  const lock = await harness.database.db.$client.connect();
  // A connection that is destroyed gives its locks back, whatever became of the test.
  onTestFinished(() => lock.release(true));
  harness.statements.splice(0);
  await lock.query('begin; lock table customers in access exclusive mode');
  const waiting = [1, 2].map(() => harness.graphql(sessionToken, viewer));
  // They may share one.
  await expect.poll(() => harness.statements.filter((text) => /from "customers"/.test(text)).length).not.toBe(0);
  harness.statements.splice(0);
  const letGo = async () => {
    await lock.query('rollback');
    return Promise.all(waiting);
  };
  return { harness, sessionToken, port, letGo };
}

describe('a process with as many requests as it may work on', () => {
  test('refuses more with 503 and Retry-After, whatever their credential and document are, without a statement', async () => {
    const { harness, sessionToken, letGo } = await startFull();
    for (const credential of [
      sessionToken,
      `${sessionToken.slice(0, -9)}forgedAAA`,
      harness.merchant.secretKey,
      null,
    ]) {
      const refused = await harness.graphql(credential, 'no document');
      expect(refused).toMatchObject({ status: 503, code: 'UNAVAILABLE', data: undefined });
      expect(refused.headers.get('retry-after')).toBe('1');
    }
    const webhook = `http://localhost/sandbox/webhooks/stripe/${harness.merchant.id}`;
    expect((await send(harness.app, webhook, { method: 'POST', body: '{}' })).status).toBe(503);
    expect((await send(harness.app, 'http://localhost/sandbox/pay/chk_none')).status).toBe(503);
    expect(harness.requestStatements()).toEqual([]);
    await letGo();
  });

  test('answers those that it has let in, and takes more as soon as there is room', async () => {
    const { harness, sessionToken, letGo } = await startFull();
    expect((await harness.graphql(sessionToken, viewer)).status).toBe(503);
    expect((await letGo()).map(({ status }) => status)).toEqual([200, 200]);
    for (let count = 0; count < 5; count++) expect((await harness.graphql(sessionToken, viewer)).status).toBe(200);
  });

  test('goes on saying that it is alive, and answering for its public keys and for preflights', async () => {
    const { harness, letGo } = await startFull();
    for (const path of ['/livez', '/readyz', '/.well-known/jwks.json', '/sandbox/.well-known/jwks.json', '/llms.txt']) {
      expect((await send(harness.app, `http://localhost${path}`)).status).toBe(200);
    }
    const preflight = await send(harness.app, 'http://localhost/graphql', {
      method: 'OPTIONS',
      headers: { origin: shopOrigin },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe(shopOrigin);
    await letGo();
  });

  test('refuses before the body has come, and pages may read why', async () => {
    const { port, letGo, harness } = await startFull();
    const head = [
      'POST /sandbox/graphql HTTP/1.1',
      'Host: localhost',
      `Origin: ${shopOrigin}`,
      'Content-Length: 60000',
    ];
    const socket = connect(port, '127.0.0.1');
    const answer = new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(String(chunk))));
    socket.write(`${head.join('\r\n')}\r\n\r\n`);
    expect(await answer).toMatch(
      /^HTTP\/1\.1 503 .*retry-after: 1\r\n.*access-control-allow-origin: http:\/\/shop\.example/is,
    );
    socket.destroy();

    const alive = 'GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
    expect((await sendBytes(port, alive)).status).toBe(200);
    await letGo();
    expect((await sendBytes(port, graphqlBytes({ query: '{ __typename }' }))).status).toBe(200);
    await harness.app.stop();
    expect(harness.logLines.join('')).toContain('requests were refused');
  });
});

test('while the event loop has been late for a second only a tenth of the room is left', () => {
  const clock = createTestClock();
  let now = 0;
  const loopWatch = createLoopWatch({ ...clock, monotonic: () => now });
  const room = createRoom({ places: 30, loopWatch });
  const beatAfter = (ms: number) => {
    now += ms;
    loopWatch.beat();
  };
  for (let count = 0; count < 3; count++) room.enter();

  // One long pause is none of its business.
  beatAfter(5_000);
  beatAfter(100);
  expect(room.isFull()).toBe(false);

  for (let count = 0; count < 3; count++) beatAfter(400);
  expect(room.isFull()).toBe(true);
  beatAfter(150);
  expect(room.isFull()).toBe(false);
});

test('who was out while the room filled is refused, and who waited for nothing keeps its place', async () => {
  const room = createRoom({ places: 1, loopWatch: { isLate: () => false } });
  const refuse = () => {
    throw new Error('full');
  };
  const first = room.enter();
  await expect(first.stepOut(Promise.resolve('at once'), refuse)).resolves.toBe('at once');
  expect(room.isFull()).toBe(true);

  let arrive = () => {};
  const late = first.stepOut(new Promise<void>((resolve) => (arrive = resolve)), refuse);
  await new Promise((resolve) => setImmediate(resolve));
  expect(room.isFull()).toBe(false);
  const second = room.enter();
  arrive();
  await expect(late).rejects.toThrow('full');
  first.leave();
  second.leave();
  expect(room.isFull()).toBe(false);
});
