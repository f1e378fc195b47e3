import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { createVerifier } from 'fast-jwt';
import jsonwebtoken from 'jsonwebtoken';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Environment, environments } from '../../schema/environment.ts';
import type { CustomerId, KeyId, SessionId } from '../../schema/id.ts';
import { createTokens } from '../../server/token/token.ts';
import { createHarness, createHarnessForTest, type Harness, send, type TestMerchant } from '../support/harness.ts';

let harness: Harness;
let merchants: Readonly<Record<Environment, TestMerchant>>;
beforeAll(async () => {
  harness = await createHarness();
  merchants = { test: harness.merchant, live: await harness.newMerchant('Live merchant', 'live') };
});
afterAll(() => harness.stop());

const jwsOf = (token: string) => token.replace(/^bos_session_(test|live)_/, '');

const segmentOf = (token: string, index: number): unknown =>
  JSON.parse(Buffer.from(jwsOf(token).split('.')[index] ?? '', 'base64url').toString());

const fetchJwks = (environment: Environment) =>
  send(harness.app, `${harness.issuers[environment]}/.well-known/jwks.json`);

async function publicKeysOf(environment: Environment) {
  const { keys } = (await (await fetchJwks(environment)).json()) as { keys: (JsonWebKey & { kid: string })[] };
  return keys;
}

describe.each(environments)('a token of %s', (environment) => {
  const create = () =>
    merchants[environment].billingos.createSessionToken({
      externalUserId: 'ada',
      email: 'ada@example.com',
      metadata: { note: 'for our eyes only' },
    });

  test('has a header of exactly these members', async () => {
    const { sessionToken } = await create();
    const { kid } = harness.rules.keyRing.signer(environment);
    expect(segmentOf(sessionToken, 0)).toEqual({ alg: 'ES256', kid, typ: 'bos-session+jwt' });
  });

  test('says these things and no others', async () => {
    const { sessionToken, session, customer, expiresAt } = await create();
    const exp = expiresAt.getTime() / 1_000;
    expect(sessionToken).toMatch(new RegExp(`^bos_session_${environment}_`));
    expect(segmentOf(sessionToken, 1)).toEqual({
      iss: harness.issuers[environment],
      aud: merchants[environment].id,
      sub: customer.id,
      sid: session.id,
      key: merchants[environment].keyId,
      env: environment,
      scope: '*',
      iat: exp - 3_600,
      exp,
    });
  });

  test('is verified from the published keys by fast-jwt', async () => {
    const { sessionToken, customer } = await create();
    const [key] = await publicKeysOf(environment);
    const verify = createVerifier({
      key: createPublicKey({ key: key ?? {}, format: 'jwk' }).export({ format: 'pem', type: 'spki' }),
      algorithms: ['ES256'],
      allowedIss: harness.issuers[environment],
      allowedAud: merchants[environment].id,
    });

    expect(verify(jwsOf(sessionToken))).toMatchObject({ sub: customer.id });
    expect(() => verify(withAnotherSignature(jwsOf(sessionToken)))).toThrow('The token signature is invalid.');
  });

  test('is verified from the published keys by jsonwebtoken', async () => {
    const { sessionToken, customer } = await create();
    const [key] = await publicKeysOf(environment);
    const verify = (jws: string) =>
      jsonwebtoken.verify(jws, createPublicKey({ key: key ?? {}, format: 'jwk' }), {
        algorithms: ['ES256'],
        issuer: harness.issuers[environment],
        audience: merchants[environment].id,
      });

    expect(verify(jwsOf(sessionToken))).toMatchObject({ sub: customer.id });
    expect(() => verify(withAnotherSignature(jwsOf(sessionToken)))).toThrow('invalid signature');
  });
});

/** The signature of other bytes: well formed, and not this token's. */
function withAnotherSignature(jws: string): string {
  const [header, payload, signature = ''] = jws.split('.');
  const bytes = Buffer.from(signature, 'base64url');
  bytes.writeUInt8(bytes.readUInt8(20) ^ 1, 20);
  return [header, payload, bytes.toString('base64url')].join('.');
}

test('a token names the operations it was given, and only those', async () => {
  const { sessionToken } = await harness.merchant.billingos.createSessionToken({
    externalUserId: 'ada',
    allowedOperations: ['READ_CUSTOMER'],
  });
  expect(segmentOf(sessionToken, 1)).toMatchObject({ scope: 'READ_CUSTOMER' });
});

test('a token has at most 700 bytes where the issuer has 60 characters', async () => {
  const issuer = 'https://billing.a-company-with-a-long-name.example.com'.padEnd(60, '/x');
  expect(issuer).toHaveLength(60);
  const { keyRing } = harness.rules;
  const tokens = createTokens({ keyRing, issuers: { test: issuer, live: issuer }, clock: harness.clock });
  const token = await tokens.sign({
    merchantId: harness.merchant.id,
    environment: 'test',
    customerId: `cus_${'0'.repeat(26)}` satisfies CustomerId,
    sessionId: `ses_${'0'.repeat(26)}` satisfies SessionId,
    keyId: harness.merchant.keyId as KeyId,
    operations: ['READ_CUSTOMER'],
    issuedAtSeconds: 1_800_000_000,
    expiresAtSeconds: 1_800_003_600,
  });
  expect(Buffer.byteLength(token)).toBeLessThanOrEqual(700);
});

const kidsOf = ({ rules: { keyRing } }: Harness) =>
  environments.map((environment) => keyRing.published(environment).map(({ kid }) => kid));

describe('the published keys', () => {
  test.each(environments)('of %s may be kept for five minutes, and read from any page', async (environment) => {
    const response = await fetchJwks(environment);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/jwk-set+json',
      'cache-control': 'public, max-age=300',
      'access-control-allow-origin': '*',
    });
  });

  test('are other ones in each environment, and the same after a restart', async () => {
    const restarted = await createHarnessForTest({ connection: harness.connection });

    expect(new Set(kidsOf(harness).flat()).size).toBe(2);
    expect(kidsOf(restarted)).toEqual(kidsOf(harness));
  });

  test('hold no private member', async () => {
    const keys = (await Promise.all(environments.map(publicKeysOf))).flat();
    for (const key of keys) expect(Object.keys(key).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  });
});
