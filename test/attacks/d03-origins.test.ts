import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Listener } from '../../server/http/listener.ts';
import { whoAmI } from '../support/forge.ts';
import { createHarness, type Harness, publicUrl, send, shopOrigin } from '../support/harness.ts';
import { graphqlBytes, headersNamed, listenFor, sendBytes } from '../support/raw-http.ts';

let harness: Harness;
let token: string;
let listener: Listener;
beforeAll(async () => {
  harness = await createHarness();
  token = (await harness.merchant.billingos.createSessionToken({ externalUserId: 'ada' })).sessionToken;
  listener = await listenFor(harness);
});
afterAll(async () => {
  await listener.close(0);
  await harness.stop();
});

const [scheme, host] = shopOrigin.split('://') as [string, string];

/** They look like the one that is allowed. */
const lookAlikes: readonly string[] = [
  `https://${host}`,
  `ws://${host}`,
  `ftp://${host}`,
  `${scheme}:${host}`,
  `${scheme}:/${host}`,
  `${scheme}:///${host}`,
  `//${host}`,
  host,
  `${shopOrigin}:80`,
  `${shopOrigin}:8080`,
  `${shopOrigin}:`,
  `${shopOrigin}.`,
  `${shopOrigin}/`,
  `${shopOrigin}/path`,
  `${shopOrigin}?`,
  `${shopOrigin}#`,
  `${shopOrigin} https://attacker.example`,
  `https://attacker.example ${shopOrigin}`,
  `${shopOrigin}, https://attacker.example`,
  `${shopOrigin},${shopOrigin}`,
  `${scheme}://www.${host}`,
  `${scheme}://a.${host}`,
  `${scheme}://.${host}`,
  `${scheme}://x${host}`,
  `${scheme}://attacker-${host}`,
  `${shopOrigin}.attacker.example`,
  `${shopOrigin}x`,
  `${shopOrigin}%00.attacker.example`,
  `${shopOrigin}@attacker.example`,
  `${scheme}://user@${host}`,
  `${scheme}://user:pass@${host}`,
  `${scheme}://attacker.example#${host}`,
  `${scheme}://attacker.example?${shopOrigin}`,
  `${scheme}://attacker.example/${host}`,
  `${scheme}://attacker.example\\@${host}`,
  shopOrigin.toUpperCase(),
  `${scheme}://SHOP.example`,
  `HTTP://${host}`,
  `${scheme}://shop-example`,
  `${scheme}://shopXexample`,
  `${scheme}://xn--shp-7na.example`,
  `${scheme}://sh%6fp.example`,
  Buffer.from(`${scheme}://shоp.example`).toString('latin1'),
  Buffer.from(`${scheme}://ｓhop.example`).toString('latin1'),
  Buffer.from(`${shopOrigin}\u200b`).toString('latin1'),
  'null',
  'Null',
  'undefined',
  '*',
  'file://',
  'http://localhost',
  'http://localhost:4001',
  'chrome-extension://abcdefghijklmnop',
  '',
];

const ask = (origin: string, credential: string | null = token) =>
  harness.graphql(credential, whoAmI, undefined, { headers: { origin } });
const preflight = (origin: string) =>
  send(harness.app, `${harness.issuers.test}/graphql`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization, content-type',
    },
  });
const corsHeaders = (headers: Headers) => [...headers.keys()].filter((name) => name.startsWith('access-control'));

test('D3 there are at least 40 origins that look right', () => {
  expect(new Set(lookAlikes).size).toBeGreaterThanOrEqual(40);
  expect(lookAlikes).not.toContain(shopOrigin);
});

test.each(lookAlikes)('D3 the origin "%s" is answered without a CORS header, and without data', async (origin) => {
  for (const credential of [token, null, 'x']) {
    const answer = await ask(origin, credential);
    expect(answer).toMatchObject({ status: 403, code: 'FORBIDDEN', data: undefined });
    expect(corsHeaders(answer.headers)).toEqual([]);
    expect(answer.headers.get('vary')).toBe('Origin');
  }
  const { headers } = await preflight(origin);
  expect(corsHeaders(headers)).toEqual([]);
  expect(headers.get('vary')).toBe('Origin');
});

test('D3 two Origin headers are not one that is allowed', async () => {
  for (const second of ['https://attacker.example', shopOrigin]) {
    const answer = await sendBytes(
      listener.port,
      graphqlBytes({
        lines: [`Origin: ${shopOrigin}`, `Origin: ${second}`, `Authorization: Bearer ${token}`],
        query: whoAmI,
      }),
    );
    expect(headersNamed(answer, 'access-control-allow-origin')).not.toContain('https://attacker.example');
    expect(headersNamed(answer, 'access-control-allow-origin')).not.toContain('*');
    expect(headersNamed(answer, 'access-control-allow-credentials')).toEqual([]);
  }
});

describe('the origin that is allowed', () => {
  test('D3 is named exactly, and nothing is allowed with cookies', async () => {
    const answer = await ask(shopOrigin);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('access-control-allow-origin')).toBe(shopOrigin);
    expect(answer.headers.get('vary')).toBe('Origin');
    expect(answer.headers.has('access-control-allow-credentials')).toBe(false);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  test('D3 may read its failures too', async () => {
    for (const credential of [null, 'x', `${token}x`]) {
      const answer = await ask(shopOrigin, credential);
      expect(answer.status).toBe(401);
      expect(answer.headers.get('access-control-allow-origin')).toBe(shopOrigin);
      expect(answer.headers.has('access-control-allow-credentials')).toBe(false);
    }
  });
});

test('D3 no request, with an origin or without, is answered with a wildcard, or with leave to send cookies', async () => {
  for (const origin of [...lookAlikes, shopOrigin, publicUrl]) {
    for (const { headers } of [await ask(origin), await preflight(origin)]) {
      expect(headers.get('access-control-allow-origin')).not.toBe('*');
      expect(headers.has('access-control-allow-credentials')).toBe(false);
    }
  }
  const plain = await harness.graphql(token, whoAmI);
  expect(plain.headers.get('vary')).toBe('Origin');
  expect(corsHeaders(plain.headers)).toEqual([]);
});
