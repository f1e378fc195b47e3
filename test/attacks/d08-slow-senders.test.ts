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
