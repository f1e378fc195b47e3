import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Listener } from '../../server/http/listener.ts';
import { createForge, type Forge, whoAmI } from '../support/forge.ts';
import { createHarness, type Harness, send } from '../support/harness.ts';
import { graphqlBytes, listenFor, sendBytes } from '../support/raw-http.ts';

let harness: Harness;
let forge: Forge;
let listener: Listener;
beforeAll(async () => {
  harness = await createHarness();
  forge = await createForge(harness);
  listener = await listenFor(harness);
});
afterAll(async () => {
  await listener.close(0);
  await harness.stop();
});

const ask = (lines: string[], target?: string) =>
  sendBytes(listener.port, graphqlBytes({ lines, query: whoAmI, ...(target && { target }) }));
const credentials = () => [forge.token, harness.merchant.secretKey];
const names = [
  'access_token',
  'token',
  'authorization',
  'Authorization',
  'sessionToken',
  'secretKey',
  'api_key',
  'key',
];

/** As if nothing had been sent: RFC 6750 gives no error code then. */
function expectAnonymous(answer: { status: number; headers: Headers; text: string }): void {
  expect(answer.status).toBe(401);
  expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  expect(answer.text).toContain('Send a secret key or a session token');
}

const toAnswer = async (response: Response) => ({
  status: response.status,
  headers: response.headers,
  text: await response.text(),
});

test('A15 a credential in the query string is none', async () => {
  const url = `${harness.issuers.test}/graphql`;
  for (const credential of credentials()) {
    for (const name of names) {
      const search = new URLSearchParams({ [name]: credential, query: whoAmI });
      expectAnonymous(await toAnswer(await send(harness.app, `${url}?${search}`)));
      expectAnonymous(
        await toAnswer(
          await send(harness.app, `${url}?${search}`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ query: whoAmI }),
          }),
        ),
      );
    }
  }
});

test('A15 a credential in a cookie or in any other header is none', async () => {
  for (const credential of credentials()) {
    const headers = [
      ...names.map((name) => ({ cookie: `${name}=${credential}` })),
      ...['x-authorization', 'x-api-key', 'api-key', 'x-access-token', 'proxy-authorization', 'authentication'].map(
        (name) => ({ [name]: `Bearer ${credential}` }),
      ),
    ];
    for (const header of headers) {
      expectAnonymous(await harness.graphql(null, whoAmI, undefined, { headers: header }));
    }
  }
});

test('A15 a credential in the body is none, wherever it stands there', async () => {
  for (const credential of credentials()) {
    const bearer = { authorization: `Bearer ${credential}`, Authorization: `Bearer ${credential}` };
    const bodies = [
      ...names.map((name) => ({ query: whoAmI, [name]: credential })),
      { query: whoAmI, headers: bearer },
      { query: whoAmI, extensions: { headers: bearer, ...bearer } },
      { query: whoAmI, variables: { ...bearer, headers: bearer } },
      { query: whoAmI, variables: {}, context: bearer, caller: { kind: 'merchant' } },
    ];
    for (const body of bodies) {
      const response = await send(harness.app, `${harness.issuers.test}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      const answer = await toAnswer(response);
      // Members that GraphQL over HTTP does not know are refused before anybody is asked who it is.
      if (answer.status === 400) expect(answer.text).not.toContain(credential);
      else expectAnonymous(answer);
    }
  }
});

test('A15 two Authorization headers are a bad request, whatever they carry and however they are written', async () => {
  const token = `Bearer ${forge.token}`;
  const key = `Bearer ${harness.merchant.secretKey}`;
  const pairs = [
    [token, token],
    [token, key],
    [token, 'Bearer x'],
    ['Bearer x', token],
    [token, ''],
    ['', token],
    ['Basic eDp5', token],
  ];
  const statements = harness.requestStatements().length;
  for (const [first, second] of pairs) {
    for (const name of ['Authorization', 'authorization', 'AUTHORIZATION']) {
      const answer = await ask([`Authorization: ${first}`, 'X-Between: 1', `${name}: ${second}`]);
      expect(answer.status).toBe(400);
      expect(answer.body).toContain('{"errors":[{"message":"Send one Authorization header."');
    }
  }
  expect(harness.requestStatements().length).toBe(statements);
  expect((await ask([`Authorization: ${token}`])).status).toBe(200);
});
