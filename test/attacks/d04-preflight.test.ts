import { afterAll, beforeAll, expect, test } from 'vitest';
import { whoAmI } from '../support/forge.ts';
import { createHarness, type Harness, publicUrl, send, shopOrigin } from '../support/harness.ts';

let harness: Harness;
let token: string;
beforeAll(async () => {
  harness = await createHarness();
  token = (await harness.merchant.billingos.createSessionToken({ externalUserId: 'ada' })).sessionToken;
});
afterAll(() => harness.stop());

const origins = [shopOrigin, publicUrl, 'https://attacker.example', `${shopOrigin}.attacker.example`, 'null', ''];

const preflight = (origin: string, more: Record<string, string> = {}) =>
  send(harness.app, `${harness.issuers.test}/graphql`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization, content-type',
      ...more,
    },
  });

test.each(origins)('D4 for the origin "%s", the preflight promises what the answer keeps', async (origin) => {
  const promised = await preflight(origin);
  const kept = await harness.graphql(token, whoAmI, undefined, { headers: { origin } });
  for (const name of ['access-control-allow-origin', 'vary', 'access-control-allow-credentials']) {
    expect(promised.headers.get(name), name).toBe(kept.headers.get(name));
  }
  expect(promised.headers.has('access-control-allow-origin')).toBe(origin === shopOrigin);
});

test('D4 a preflight allows what the client sends, and no more', async () => {
  const { status, headers } = await preflight(shopOrigin, {
    'access-control-request-method': 'DELETE',
    'access-control-request-headers': 'authorization, content-type, cookie, x-anything',
    'access-control-request-private-network': 'true',
  });
  expect(status).toBe(204);
  expect(headers.get('access-control-allow-methods')).toBe('POST');
  expect(headers.get('access-control-allow-headers')).toBe('authorization, content-type');
  expect(headers.has('access-control-allow-private-network')).toBe(false);
});

test('D4 a preflight does no work, whatever comes with it', async () => {
  const before = harness.requestStatements().length;
  for (const authorization of [`Bearer ${harness.merchant.secretKey}`, `Bearer ${token}`, 'Bearer x']) {
    const response = await send(
      harness.app,
      `${harness.issuers.test}/graphql?query=${encodeURIComponent('mutation { endSession { id } }')}`,
      {
        method: 'OPTIONS',
        headers: { origin: shopOrigin, authorization, 'content-type': 'application/json' },
        body: JSON.stringify({ query: 'mutation { endSession { id } }' }),
      },
    );
    expect(response.status).toBe(204);
    expect(await response.text()).toBe('');
  }
  expect(harness.requestStatements().length).toBe(before);
  expect((await harness.graphql(token, whoAmI)).status).toBe(200);
});
