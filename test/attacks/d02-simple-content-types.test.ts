import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Listener } from '../../server/http/listener.ts';
import { createHarness, type Harness, send, shopOrigin } from '../support/harness.ts';
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

const create = 'mutation { createSession(input: { externalUserId: "simple" }) { sessionToken } }';
const json = JSON.stringify({ query: create });
const form = new URLSearchParams({ query: create }).toString();
const multipart = `--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n${json}\r\n--x--\r\n`;

/** What a page may send across origins without asking first, and what only looks like JSON. */
const contentTypes: readonly (readonly [string, string])[] = [
  ['text/plain', json],
  ['text/plain; application/json', json],
  ['text/plain;charset=UTF-8', json],
  ['application/x-www-form-urlencoded', form],
  ['application/x-www-form-urlencoded', json],
  ['application/x-www-form-urlencoded; application/json', json],
  ['multipart/form-data; boundary=x', multipart],
  ['multipart/form-data; boundary=application/json', multipart],
  ['multipart/form-data', json],
  ['application/graphql', create],
  ['application/jsonp', json],
  ['application/json-patch+json', json],
  ['application/problem+json', json],
  ['text/json', json],
  ['application/json, text/plain', json],
  ['text/plain, application/json', json],
  ['application/json; charset=utf-16', json],
  ['application/json; charset=iso-8859-1', json],
  ['application/json; a=b', json],
  ['application/octet-stream', json],
  ['', json],
  ['/', json],
];

const sessions = async () => {
  const { rows } = await harness.database.db.execute<{ count: string }>('select count(*) from sessions');
  return rows[0]?.count;
};

test.each(contentTypes)('D2 a body of type "%s" is 415, and nothing is carried out', async (contentType, body) => {
  const before = { sessions: await sessions(), statements: harness.requestStatements().length };
  const { secretKey } = harness.merchant;
  for (const headers of [{ authorization: `Bearer ${secretKey}` }, { origin: shopOrigin }, { cookie: 'a=b' }]) {
    const response = await send(harness.app, `${harness.issuers.test}/graphql`, {
      method: 'POST',
      headers: { ...headers, 'content-type': contentType },
      body,
    });
    expect(response.status).toBe(415);
    const text = await response.text();
    expect(text).toContain('"INVALID_INPUT"');
    expect(text).not.toContain('simple');
  }
  expect(harness.requestStatements().length).toBe(before.statements);
  expect(await sessions()).toBe(before.sessions);
});

test('D2 a body without a type is 415', async () => {
  const head = [
    'POST /sandbox/graphql HTTP/1.1',
    'Host: localhost',
    'Connection: close',
    `Authorization: Bearer ${harness.merchant.secretKey}`,
    `Content-Length: ${json.length}`,
  ];
  expect((await sendBytes(listener.port, `${head.join('\r\n')}\r\n\r\n${json}`)).status).toBe(415);
  const twoTypes = [...head, 'Content-Type: text/plain', 'Content-Type: application/json'];
  expect((await sendBytes(listener.port, `${twoTypes.join('\r\n')}\r\n\r\n${json}`)).status).toBe(415);
  const good = [...head, 'Content-Type: application/json'];
  expect((await sendBytes(listener.port, `${good.join('\r\n')}\r\n\r\n${json}`)).status).toBe(200);
});

test.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"'])(
  'D2 a body of type %s is read',
  async (contentType) => {
    const response = await send(harness.app, `${harness.issuers.test}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${harness.merchant.secretKey}`, 'content-type': contentType },
      body: json,
    });
    expect(response.status).toBe(200);
  },
);
