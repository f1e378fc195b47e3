import { expect, test } from 'vitest';
import { endpointOf } from '../../client/endpoint.ts';
import { readToken } from '../../client/session/token.ts';
import { createToken } from './support/token.ts';

const claims = (issuer: string, environment: 'test' | 'live' = 'test') =>
  readToken(createToken({ issuer, environment }));

test('operations go where the token was issued', () => {
  expect(endpointOf(claims('https://billing.example/sandbox'))).toBe('https://billing.example/sandbox/graphql');
  expect(endpointOf(claims('https://billing.example/', 'live'))).toBe('https://billing.example/graphql');
});

test('an endpoint that is given replaces that of its environment, and only of that', () => {
  const endpoints = { live: 'https://proxy.example/billing' };
  expect(endpointOf(claims('https://billing.example', 'live'), endpoints)).toBe('https://proxy.example/billing');
  expect(endpointOf(claims('https://billing.example'), endpoints)).toBe('https://billing.example/graphql');
});

test.each(['http://localhost:4000', 'http://127.0.0.1:4000', 'http://127.8.9.10', 'http://[::1]:4000'])(
  '%s needs no https: it is this machine',
  (issuer) => expect(endpointOf(claims(issuer))).toBe(`${issuer}/graphql`),
);

test.each([
  'http://billing.example',
  'http://localhost.evil.example',
  'http://127.0.0.1.evil.example',
  'http://notlocalhost',
  'https://user:password@billing.example',
  'javascript:alert(1)',
  'ftp://localhost',
  '/relative',
  '',
])('a token is never sent to %j', (issuer) => {
  expect(() => endpointOf(claims(issuer))).toThrow(expect.objectContaining({ code: 'INVALID_ENDPOINT' }) as Error);
});

test('a given endpoint is held to the same rule', () => {
  const endpoints = { test: 'http://billing.example/graphql' };
  expect(() => endpointOf(claims('https://billing.example'), endpoints)).toThrow(
    expect.objectContaining({ code: 'INVALID_ENDPOINT' }) as Error,
  );
});

const genuine = createToken();
test.each([
  ['nothing', ''],
  ['another prefix', genuine.replace('bos_session_test_', 'bos_session_prod_')],
  ['the prefix of the other environment', genuine.replace('_test_', '_live_')],
  ['a JWT without prefix', genuine.replace('bos_session_test_', '')],
  ['a missing signature', genuine.slice(0, genuine.lastIndexOf('.'))],
  ['spaces around', ` ${genuine} `],
  ['a payload that is no JSON', 'bos_session_test_e30.bm9wZQ.c2ln'],
  ['a payload without claims', 'bos_session_test_e30.e30.c2ln'],
  ['a payload that is no base64', 'bos_session_test_e30.a.c2ln'],
  ['no lifetime', createToken({ lifetimeSeconds: 0 })],
])('%s is no session token', (_name, token) => {
  expect(() => readToken(token)).toThrow(expect.objectContaining({ code: 'INVALID_TOKEN' }) as Error);
});

test.each(['sk_test_abc', ' sk_live_abc'])('a secret key is named as what it is, and not repeated', (key) => {
  expect(() => readToken(key)).toThrow(
    expect.objectContaining({
      code: 'SECRET_KEY_IN_BROWSER',
      message: expect.not.stringContaining('abc') as string,
    }) as Error,
  );
});
