import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTHeaderParameters, type JWTPayload } from 'jose';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createSessionVerifier } from '../../client/verify.ts';

const merchantId = 'mer_01';
const nowSeconds = Date.parse('2026-11-01T10:00:00Z') / 1_000;
const clock = { now: () => nowSeconds * 1_000 };

/** A clock that stands still until it is moved. */
function movableClock() {
  let nowMs = clock.now();
  return { now: () => nowMs, advance: (ms: number) => void (nowMs += ms) };
}

const live = await keyPair('key-live');
const sandbox = await keyPair('key-test');
const stranger = await keyPair('key-live');

describe('a genuine token', () => {
  test('names customer, session, merchant, environment, operations and times', async () => {
    const { verify, token } = await setup();

    await expect(verify(await token())).resolves.toEqual({
      customerId: 'cus_1',
      sessionId: 'ses_1',
      merchantId,
      environment: 'live',
      operations: 'all',
      issuedAt: new Date('2026-11-01T10:00:00Z'),
      expiresAt: new Date('2026-11-01T11:00:00Z'),
    });
  });

  test.each([
    ['READ_CUSTOMER OTHER', ['READ_CUSTOMER', 'OTHER']],
    ['READ_CUSTOMER', ['READ_CUSTOMER']],
    ['', []],
  ])('may do what its scope lists: %j', async (scope, operations) => {
    const { verify, token } = await setup();

    await expect(verify(await token({ claims: { scope } }))).resolves.toMatchObject({ operations });
  });

  test.each([
    ['its end', { exp: nowSeconds - 4 }],
    ['its beginning', { iat: nowSeconds + 5 }],
  ])('counts for clocks that differ by five seconds at %s', async (_when, claims) => {
    const { verify, token } = await setup();

    await expect(verify(await token({ claims }))).resolves.toMatchObject({ sessionId: 'ses_1' });
  });
});

describe('a token that is over is TOKEN_EXPIRED', () => {
  test.each<[string, JWTPayload]>([
    ['by its own end', { exp: nowSeconds - 5 }],
    ['by the longest lifetime there is', { iat: nowSeconds - 86_406, exp: nowSeconds + 60 }],
  ])('%s', async (_why, claims) => {
    const { verify, token } = await setup();

    await expect(verify(await token({ claims }))).rejects.toMatchObject({ code: 'TOKEN_EXPIRED' });
  });

  test('without tolerance at once', async () => {
    const { verify, token } = await setup({ clockToleranceSeconds: 0 });

    await expect(verify(await token({ claims: { exp: nowSeconds } }))).rejects.toMatchObject({ code: 'TOKEN_EXPIRED' });
  });

  test('unless it was never genuine: then nothing is said about its time', async () => {
    const { verify, token } = await setup();

    const forged = await token({ claims: { exp: nowSeconds - 60 }, key: stranger.privateKey });

    await expect(verify(forged)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});

describe('environments', () => {
  test('a sandbox token is refused unless the sandbox is named', async () => {
    const { verify, token } = await setup({ environments: undefined });

    await expect(verify(await token(inSandbox()))).rejects.toMatchObject({
      code: 'WRONG_ENVIRONMENT',
      message: expect.stringContaining('environments'),
    });
  });

  test('a live token is refused where only the sandbox is named', async () => {
    const { verify, token } = await setup({ environments: ['test'] });

    await expect(verify(await token())).rejects.toMatchObject({ code: 'WRONG_ENVIRONMENT' });
  });

  test('each is checked with its own keys', async () => {
    const { verify, token, paths } = await setup({ environments: ['test', 'live'] });

    await expect(verify(await token(inSandbox()))).resolves.toMatchObject({ environment: 'test' });
    await expect(verify(await token())).resolves.toMatchObject({ environment: 'live' });
    expect(paths).toEqual(['/sandbox/.well-known/jwks.json', '/.well-known/jwks.json']);
  });

  test.each<[string, Forgery]>([
    ['sandbox token with the live prefix', { ...inSandbox(), prefix: 'bos_session_live_' }],
    ['live token with the sandbox prefix', { prefix: 'bos_session_test_' }],
    ['live token that says sandbox', { claims: { env: 'test' } }],
    ['sandbox token that says live', inSandbox({ env: 'live' })],
    ['live token of the sandbox’s issuer', { issuerPath: '/sandbox' }],
  ])('a %s is refused', async (_what, forgery) => {
    const { verify, token } = await setup({ environments: ['test', 'live'] });

    await expect(verify(await token(forgery))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});

describe('a token that cannot be trusted is UNAUTHENTICATED', () => {
  test.each<[string, Forgery]>([
    ['a signature of another key', { key: stranger.privateKey }],
    ['an unknown kid', { header: { kid: 'key-other' } }],
    ['no kid', { header: { kid: undefined } }],
    ['an empty kid', { header: { kid: '' } }],
    ['another typ', { header: { typ: 'JWT' } }],
    ['a typ in capitals', { header: { typ: 'BOS-SESSION+JWT' } }],
    ['a typ with its tree', { header: { typ: 'application/bos-session+jwt' } }],
    ['no typ', { header: { typ: undefined } }],
    ['a key of its own', { header: { jwk: stranger.jwk } }],
    ['a key set of its own', { header: { jku: 'https://evil.example/jwks.json' } }],
    ['a certificate of its own', { header: { x5u: 'https://evil.example/cert.pem' } }],
    ['another member of the header', { header: { cty: 'JWT' } }],
    ['another issuer', { claims: { iss: 'https://evil.example' } }],
    ['another merchant', { claims: { aud: 'mer_02' } }],
    ['two merchants', { claims: { aud: [merchantId, 'mer_02'] } }],
    ['an environment that is none', { claims: { env: '*' } }],
    ['a subject that is no text', { claims: { sub: 1 as unknown as string } }],
    ['an empty session', { claims: { sid: '' } }],
    ['a scope that is no text', { claims: { scope: ['*'] } }],
    ['a beginning in the future', { claims: { iat: nowSeconds + 6 } }],
    ['a time that is text', { claims: { exp: '9999999999' as unknown as number } }],
    ['a time before which it does not count', { claims: { nbf: nowSeconds + 6 } }],
    ['more than 2,048 characters', { claims: { padding: 'x'.repeat(1_500) } }],
    ['another prefix', { prefix: 'sk_live_' }],
    ['no prefix', { prefix: '' }],
    ['a doubled prefix', { prefix: 'bos_session_live_bos_session_live_' }],
    ['a prefix in capitals', { prefix: 'BOS_SESSION_LIVE_' }],
    ['white space', { prefix: ' bos_session_live_' }],
  ])('%s', async (_what, forgery) => {
    const { verify, token } = await setup();

    await expect(verify(await token(forgery))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  test.each(['iss', 'aud', 'sub', 'sid', 'key', 'env', 'scope', 'iat', 'exp'])('no claim %s', async (claim) => {
    const { verify, token } = await setup();

    const incomplete = await token({ claims: { [claim]: undefined } });

    await expect(verify(incomplete)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  test.each<[string, (token: string) => unknown]>([
    ['another spelling of its signature', (token) => withUnusedBits(token)],
    ['padding', (token) => `${token}==`],
    ['a line break', (token) => `${token}\n`],
    ['a changed payload', (token) => token.replace(/\.(.)/, (_dot, first) => `.${first === 'e' ? 'f' : 'e'}`)],
    ['no signature', (token) => token.replace(/\.[^.]*$/, '.')],
    ['two parts', (token) => token.replace(/\.[^.]*$/, '')],
    ['five parts', (token) => `${token}.a.b`],
    ['nothing', () => ''],
    ['no text', () => undefined],
    ['alg none', (token) => withHeader(token, { alg: 'none', kid: 'key-live', typ: 'bos-session+jwt' })],
    ['a header that is no JSON', (token) => token.replace(/live_[^.]*/, 'live_AAAA')],
    ['the public key as a secret', (token) => withHmac(token)],
  ])('%s', async (_what, spoil) => {
    const { verify, token } = await setup();

    const spoilt = spoil(await token()) as string;

    await expect(verify(spoilt)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});

describe('the cause of UNAUTHENTICATED says which check failed, without the token or its claims', () => {
  test.each<[string, Forgery, string]>([
    ['a signature of another key', { key: stranger.privateKey }, 'signature verification failed'],
    ['another merchant', { claims: { aud: 'mer_02' } }, 'unexpected "aud" claim value'],
    ['a claim that is left out', { claims: { sid: undefined } }, 'missing required "sid" claim'],
    ['a claim that is empty', { claims: { sid: '' } }, 'a claim is not what it must be'],
    ['another environment inside', { claims: { env: 'test' } }, 'it is for another merchant or environment'],
    ['another header', { header: { cty: 'JWT' } }, 'its header is not that of a session token'],
    ['another prefix', { prefix: 'sk_live_' }, 'its shape is not that of a session token'],
  ])('%s', async (_what, forgery, reason) => {
    const { verify, token } = await setup();
    const forged = await token(forgery);

    const failure = await verify(forged).catch((error: unknown) => error);

    expect(failure).toMatchObject({ code: 'UNAUTHENTICATED', cause: { message: `Refused: ${reason}` } });
    expect(inspect(failure, { depth: null, showHidden: true })).not.toMatch(/cus_1|eyJ|bos_session_live/);
  });
});

describe('keys', () => {
  test('they are asked for once, and no key is asked for before the token has our shape', async () => {
    const { verify, token, paths } = await setup();

    await verify(await token({ header: { cty: 'JWT' } })).catch(() => undefined);
    expect(paths).toHaveLength(0);

    await Promise.all([verify(await token()), verify(await token()), verify(await token())]);
    expect(paths).toHaveLength(1);
  });

  test('a key that is not known is looked for once in half a minute', async () => {
    const time = movableClock();
    const { verify, token, paths } = await setup({ clock: time });
    const unknown = await token({ header: { kid: 'key-other' } });

    for (let i = 0; i < 10; i += 1) await expect(verify(unknown)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(paths).toHaveLength(1);

    time.advance(30_000);
    for (let i = 0; i < 10; i += 1) await expect(verify(unknown)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(paths).toHaveLength(2);
  });

  test('a token of a new key counts after a rotation', async () => {
    const time = movableClock();
    const { verify, token, published } = await setup({ clock: time });
    await verify(await token());

    const next = await keyPair('key-next');
    published.live.push(next.jwk);
    time.advance(30_000);

    const rotated = await token({ key: next.privateKey, header: { kid: 'key-next' } });
    await expect(verify(rotated)).resolves.toMatchObject({ sessionId: 'ses_1' });
  });

  test('a key that was dropped counts for ten minutes at most', async () => {
    const time = movableClock();
    const { verify, token, published } = await setup({ clock: time });
    await verify(await token());

    published.live.length = 0;
    time.advance(600_000 - 1);
    await expect(verify(await token())).resolves.toMatchObject({ sessionId: 'ses_1' });
    time.advance(1);

    await expect(verify(await token())).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  test('a key that was dropped counts no longer on a clock that was set back', async () => {
    const time = movableClock();
    const { verify, token, published } = await setup({ clock: time });
    await verify(await token());

    published.live.length = 0;
    time.advance(-60_000);
    await expect(verify(await token())).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  test.each<[string, typeof fetch]>([
    ['cannot be reached', async () => Promise.reject(new TypeError('fetch failed'))],
    ['are not there', async () => new Response('no', { status: 404 })],
    ['are not JSON', async () => new Response('<html>')],
    ['are no key set', async () => Response.json({ hello: 'world' })],
  ])('when they %s, no token is accepted: UNAVAILABLE', async (_what, send) => {
    const { verify, token } = await setup({ fetch: send });

    await expect(verify(await token())).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true });
  });
});

describe('while the keys cannot be read', () => {
  test('those that were read last count for a day', async () => {
    const time = movableClock();
    const { verify, token, published } = await setup({ clock: time });
    await verify(await token());

    published.isDown = true;
    time.advance(86_400_000 - 1);
    const later = await token({ claims: { iat: nowSeconds + 86_399, exp: nowSeconds + 90_000 } });
    await expect(verify(later)).resolves.toMatchObject({ sessionId: 'ses_1' });
    time.advance(30_000);

    await expect(verify(later)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  test.each(['known', 'never read'])('they are asked for once in half a minute: keys that are %s', async (what) => {
    const time = movableClock();
    const { verify, token, published, paths } = await setup({ clock: time });
    if (what === 'known') await verify(await token());
    published.isDown = true;
    time.advance(600_000);
    paths.length = 0;

    for (let i = 0; i < 10; i += 1) await verify(await token()).catch(() => undefined);
    expect(paths).toHaveLength(1);
    time.advance(29_999);
    await verify(await token()).catch(() => undefined);
    expect(paths).toHaveLength(1);
    time.advance(1);
    await verify(await token()).catch(() => undefined);
    expect(paths).toHaveLength(2);
  });

  test('a token of a key that is not known may be genuine: UNAVAILABLE', async () => {
    const time = movableClock();
    const { verify, token, published } = await setup({ clock: time });
    await verify(await token());
    published.isDown = true;
    time.advance(30_000);

    const unknown = await token({ header: { kid: 'key-other' } });
    await expect(verify(unknown)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true });
  });

  test('a key that was dropped meanwhile counts no more once they can be read again', async () => {
    const time = movableClock();
    const { verify, token, published } = await setup({ clock: time });
    await verify(await token());
    published.isDown = true;
    time.advance(600_000);
    await verify(await token());

    published.isDown = false;
    published.live.length = 0;
    time.advance(30_000);

    await expect(verify(await token())).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});

describe('the address of the service', () => {
  test.each(['https://Billing.example.com', 'https://billing.example.com:443', 'HTTPS://billing.example.com//'])(
    '%s is that of the tokens, whatever its spelling',
    async (url) => {
      const { token } = await setup();
      const asked = vi.fn(liveKeys);
      const verify = createSessionVerifier({ url, merchantId, clock, fetch: asked });

      await verify(await token({ claims: { iss: 'https://billing.example.com' } }));
      expect(asked.mock.calls).toEqual([['https://billing.example.com/.well-known/jwks.json', expect.anything()]]);
    },
  );

  test('a service whose PUBLIC_URL is spelt the same unusual way is known by it', async () => {
    const { token } = await setup();
    const verify = createSessionVerifier({ url: 'https://Billing.example.com/', merchantId, clock, fetch: liveKeys });

    await expect(verify(await token({ claims: { iss: 'https://Billing.example.com' } }))).resolves.toBeTruthy();
    await expect(verify(await token({ claims: { iss: 'https://Other.example.com' } }))).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  });
});

test.each<[string, Partial<Parameters<typeof createSessionVerifier>[0]>]>([
  ['no merchant', { merchantId: '' }],
  ['a customer as merchant', { merchantId: 'cus_1' }],
  ['no environment', { environments: [] }],
  ['no address', { url: '' }],
  ['the GraphQL endpoint as address', { url: 'http://localhost:4000/graphql' }],
  ['the sandbox endpoint as address', { url: 'http://localhost:4000/sandbox/graphql/' }],
  ['an environment that is none', { environments: ['live', 'sandbox' as 'test'] }],
])('%s is a TypeError', (_what, mistake) => {
  expect(() => createSessionVerifier({ url: 'http://localhost:4000', merchantId, ...mistake })).toThrow(TypeError);
});

interface Forgery {
  readonly claims?: JWTPayload;
  readonly header?: Partial<Record<keyof JWTHeaderParameters, unknown>>;
  readonly key?: CryptoKey;
  readonly prefix?: string;
  readonly issuerPath?: string;
}

async function setup(options: Partial<Parameters<typeof createSessionVerifier>[0]> = {}) {
  const published = { live: [live.jwk], test: [sandbox.jwk], isDown: false };
  const { url, paths } = await publish(published);
  const verify = createSessionVerifier({ url, merchantId, clock, ...options });

  async function token({ claims, header, key, prefix = 'bos_session_live_', issuerPath = '' }: Forgery = {}) {
    const payload = { ...claimsOf(`${url}${issuerPath}`), ...claims };
    const members = { alg: 'ES256', kid: 'key-live', typ: 'bos-session+jwt', ...header };
    return prefix + (await new SignJWT(payload).setProtectedHeader(members).sign(key ?? live.privateKey));
  }
  return { verify, token, paths, published };
}

const claimsOf = (iss: string): JWTPayload => ({
  iss,
  aud: merchantId,
  sub: 'cus_1',
  sid: 'ses_1',
  key: 'key_1',
  env: 'live',
  scope: '*',
  iat: nowSeconds,
  exp: nowSeconds + 3_600,
});

/** The service's two key sets, on a real server. */
async function publish(published: { live: object[]; test: object[]; isDown: boolean }) {
  const paths: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    paths.push(url);
    if (published.isDown) return response.destroy();
    const keys = url === '/.well-known/jwks.json' ? published.live : published.test;
    response.setHeader('content-type', 'application/jwk-set+json').end(JSON.stringify({ keys }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, paths };
}

const liveKeys = async () => Response.json({ keys: [live.jwk] });

async function keyPair(kid: string) {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' } };
}

function inSandbox(claims: JWTPayload = {}): Forgery {
  return {
    claims: { env: 'test', ...claims },
    header: { kid: 'key-test' },
    key: sandbox.privateKey,
    prefix: 'bos_session_test_',
    issuerPath: '/sandbox',
  };
}

/** The last character of 64 bytes in base64url has four bits that count for nothing. */
function withUnusedBits(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return token.slice(0, -1) + alphabet.charAt(alphabet.indexOf(token.slice(-1)) + 1);
}

function withHeader(token: string, header: object): string {
  return token.replace(/live_[^.]*/, `live_${Buffer.from(JSON.stringify(header)).toString('base64url')}`);
}

function withHmac(token: string): string {
  const unsigned = withHeader(token, { alg: 'HS256', kid: 'key-live', typ: 'bos-session+jwt' }).replace(/\.[^.]*$/, '');
  const input = unsigned.replace('bos_session_live_', '');
  return `${unsigned}.${createHmac('sha256', JSON.stringify(live.jwk)).update(input).digest('base64url')}`;
}
