import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateSecretKey } from '../../server/secret-key.ts';
import { createHarness, type Harness, publicUrl, send, shopOrigin } from '../support/harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.stop());

const create = 'mutation { createSession(input: { externalUserId: "ada" }) { sessionToken } }';

async function ask(headers: Record<string, string>, environment: 'test' | 'live' = 'test', method = 'POST') {
  const before = harness.requestStatements().length;
  const url = `${harness.issuers[environment]}/graphql`;
  const response = await send(harness.app, method === 'GET' ? `${url}?query={sessions{edges{cursor}}}` : url, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(method === 'POST' && { body: JSON.stringify({ query: create }) }),
  });
  const text = await response.text();
  return { response, text, statements: harness.requestStatements().slice(before) };
}

type Answer = Awaited<ReturnType<typeof ask>>;

function expectRefusedBeforeAnyWork({ response, text, statements }: Answer): void {
  expect(response.status).toBe(403);
  expect(text).toContain('"SECRET_KEY_IN_BROWSER"');
  expect(text).not.toContain('sessionToken');
  expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  expect(statements).toEqual([]);
}

const origins = [shopOrigin, 'https://attacker.example', 'null', '', publicUrl, 'http://localhost:3000', 'file://'];
const sites = ['cross-site', 'same-site', 'same-origin', 'NONE', 'none, none', 'anything', ''];
const schemes = ['Bearer', 'bearer', 'BEARER', 'bEaReR', 'Bearer '];

describe('a secret key', () => {
  test.each(origins)('C3 that comes with the origin "%s" is refused before any work', async (origin) => {
    for (const scheme of schemes) {
      expectRefusedBeforeAnyWork(await ask({ origin, authorization: `${scheme} ${harness.merchant.secretKey}` }));
    }
  });

  test.each(sites)('C3 that comes with Sec-Fetch-Site "%s" is refused before any work', async (site) => {
    for (const scheme of schemes) {
      const authorization = `${scheme} ${harness.merchant.secretKey}`;
      expectRefusedBeforeAnyWork(await ask({ 'sec-fetch-site': site, authorization }));
      expectRefusedBeforeAnyWork(await ask({ 'sec-fetch-site': site, authorization }, 'test', 'GET'));
    }
  });

  test('C3 that is wrong, or of the other environment, is refused the same: it does not belong into a browser either', async () => {
    const keys = [
      generateSecretKey('test'),
      generateSecretKey('live'),
      'sk_test_x',
      'sk_live_x',
      'SK_TEST_x',
      harness.merchant.secretKey,
    ];
    for (const key of keys) {
      for (const environment of ['test', 'live'] as const) {
        const authorization = `Bearer ${key}`;
        expectRefusedBeforeAnyWork(await ask({ origin: shopOrigin, authorization }, environment));
      }
    }
  });

  test('C3 that is sent in another form than a credential has is not accepted from a browser either', async () => {
    const { secretKey } = harness.merchant;
    for (const authorization of [
      `Bearer  ${secretKey}`,
      `Bearer "${secretKey}"`,
      secretKey,
      `Basic ${btoa(`${secretKey}:`)}`,
    ]) {
      const { response, text, statements } = await ask({ origin: shopOrigin, authorization });
      expect([401, 403]).toContain(response.status);
      expect(text).not.toContain('sessionToken');
      expect(statements).toEqual([]);
    }
  });

  test('C3 that comes from a server is accepted: no origin, and Sec-Fetch-Site absent or none', async () => {
    const authorization = `Bearer ${harness.merchant.secretKey}`;
    expect((await ask({ authorization })).text).toContain('"sessionToken":"bos_session_test_');
    expect((await ask({ authorization, 'sec-fetch-site': 'none' })).response.status).toBe(200);
  });
});

describe('the one exemption', () => {
  const ownPage = { origin: publicUrl, 'sec-fetch-site': 'same-origin' };

  test('C3 is the service’s own page, GraphiQL, on its own origin; it gets no CORS header', async () => {
    const { response, text } = await ask({ ...ownPage, authorization: `Bearer ${harness.merchant.secretKey}` });
    expect(response.status).toBe(200);
    expect(text).toContain('"sessionToken"');
    expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  test('C3 needs both: the own origin, and the browser’s word that the page is of this origin', async () => {
    const authorization = `Bearer ${harness.merchant.secretKey}`;
    const halves = [
      { origin: publicUrl },
      { origin: publicUrl, 'sec-fetch-site': 'same-site' },
      { origin: publicUrl, 'sec-fetch-site': 'none' },
      { origin: publicUrl, 'sec-fetch-site': 'cross-site' },
      { origin: shopOrigin, 'sec-fetch-site': 'same-origin' },
      { origin: `${publicUrl}/`, 'sec-fetch-site': 'same-origin' },
      { origin: `${publicUrl}0`, 'sec-fetch-site': 'same-origin' },
      { origin: publicUrl.toUpperCase(), 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'same-origin' },
    ];
    for (const half of halves) expectRefusedBeforeAnyWork(await ask({ ...half, authorization }));
  });
});
