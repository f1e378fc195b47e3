import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createHarnessForTest } from '../support/harness.ts';
import { graphqlBytes, listenFor, sendBytes } from '../support/raw-http.ts';

test('D8 five hundred senders who never finish keep nobody out', async () => {
  const harness = await createHarnessForTest({ maxInFlight: 20 });
  const { port, close } = await listenFor(harness);
  onTestFinished(() => close(0));
  const begun = 'POST /sandbox/graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
  const slow = Array.from({ length: 500 }, (_, index) => {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    socket.write(index % 2 === 0 ? begun : `${begun}Content-Length: 60000\r\n\r\n{"query":`);
    return socket;
  });
  await Promise.all(slow.map((socket) => new Promise((resolve) => socket.once('ready', resolve))));

  for (let count = 0; count < 20; count++) {
    expect((await sendBytes(port, graphqlBytes({ query: '{ __typename }' }))).status).toBe(200);
  }
  for (const socket of slow) socket.destroy();
});

test('D8 who does not send all of a request in time is told 408, and cut off', { timeout: 15_000 }, async () => {
  const harness = await createHarnessForTest();
  const { port, close } = await listenFor(harness);
  onTestFinished(() => close(0));
  const whole = graphqlBytes({ query: '{ __typename }' });
  const [head, body] = await Promise.all(
    [20, whole.length - 1].map((bytes) => sendBytes(port, whole.subarray(0, bytes))),
  );
  expect([head?.status, body?.status]).toEqual([408, 408]);
});

test('D8 bodies that never end take 64 MiB at most, and are refused beyond that', async () => {
  const harness = await createHarnessForTest();
  const { port, close } = await listenFor(harness);
  onTestFinished(() => close(0));
  const bytes = 262_144;
  const head = [
    'POST /sandbox/graphql HTTP/1.1',
    'Host: localhost',
    'Content-Type: application/json',
    `Authorization: Bearer ${harness.merchant.secretKey}`,
    `Content-Length: ${bytes}`,
  ];
  const nearlyAll = Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), Buffer.alloc(bytes - 1, ' ')]);
  let refused = 0;
  const sockets = Array.from({ length: 280 }, () =>
    connect(port, '127.0.0.1')
      .on('error', () => undefined)
      .on('data', (answer) => void (refused += String(answer).startsWith('HTTP/1.1 503') ? 1 : 0)),
  );
  for (const socket of sockets) socket.write(nearlyAll);
  await expect.poll(() => refused, { timeout: 5_000 }).toBeGreaterThanOrEqual(280 - 256);
  expect(refused).toBeLessThan(280 - 200);

  for (const socket of sockets) socket.destroy();
  await expect
    .poll(async () => (await sendBytes(port, graphqlBytes({ query: '{ __typename }' }))).status, { timeout: 5_000 })
    .toBe(200);
});
