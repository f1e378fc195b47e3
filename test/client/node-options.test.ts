import { inspect } from 'node:util';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { BillingOS, type BillingOSOptions } from '../../client/node.ts';
import { answers, createdSession, startService } from './support/scripted-service.ts';

const secretKey = 'sk_test_4fQ9zR2mXk7LpW0sTn5VbY8cHd3JgA1eu0aB';

afterEach(() => vi.unstubAllGlobals());

test.each([
  { secretKey, environment: 'test', path: '/sandbox/graphql' },
  { secretKey: secretKey.replace('test', 'live'), environment: 'live', path: '/graphql' },
])('the key’s prefix chooses the endpoint: $environment', async ({ secretKey, environment, path }) => {
  const service = await startService(answers(createdSession));
  const billingos = new BillingOS({ secretKey, url: service.url });

  await billingos.createSessionToken({ externalUserId: 'ada' });

  expect(billingos.environment).toBe(environment);
  expect(service.requests).toMatchObject([{ path, headers: { authorization: `Bearer ${secretKey}` } }]);
});

test('a path and a closing slash of the address are kept and dropped', async () => {
  const service = await startService(answers(createdSession));

  await new BillingOS({ secretKey, url: `${service.url}/billing/` }).createSessionToken({ externalUserId: 'ada' });

  expect(service.requests[0]?.path).toBe('/billing/sandbox/graphql');
});

test.each(['https://Billing.example.com', 'https://billing.example.com:443', 'HTTPS://billing.example.com//'])(
  'one address has one spelling: %s',
  async (url) => {
    const sent: unknown[] = [];
    const send = async (input: unknown) => {
      sent.push(input);
      return Response.json({ data: createdSession });
    };

    await new BillingOS({ secretKey, url, fetch: send }).createSessionToken({ externalUserId: 'ada' });

    expect(sent).toEqual(['https://billing.example.com/sandbox/graphql']);
  },
);

test('no answer is kept by a framework whose fetch remembers answers', async () => {
  const caches: unknown[] = [];
  const send = async (_input: unknown, init?: RequestInit) => {
    caches.push(init?.cache);
    return Response.json({ data: createdSession });
  };

  await new BillingOS({ secretKey, fetch: send }).createSessionToken({ externalUserId: 'ada' });

  expect(caches).toEqual(['no-store']);
});

test('an option that is undefined counts as left out', async () => {
  const sent: string[] = [];
  vi.stubGlobal('fetch', async (input: string) => {
    sent.push(input);
    return Response.json({ data: createdSession });
  });
  const absent: BillingOSOptions = {
    secretKey,
    url: undefined,
    timeoutMs: undefined,
    maxRetries: undefined,
    fetch: undefined,
    random: undefined,
    sleep: undefined,
  };

  await new BillingOS(absent).createSessionToken({ externalUserId: 'ada' });

  expect(sent).toEqual(['http://localhost:4000/sandbox/graphql']);
});

describe('a mistake is a TypeError that does not show the key', () => {
  test.each<[string, BillingOSOptions, RegExp]>([
    ['no key', { secretKey: undefined }, /missing/],
    ['an empty key', { secretKey: '' }, /missing/],
    ['a session token', { secretKey: 'bos_session_test_aaa.bbb.ccc' }, /session token/],
    ['white space', { secretKey: `${secretKey}\n` }, /white space/],
    ['a cut key', { secretKey: 'sk_test_4fQ9' }, /malformed/],
    ['a key that lacks its last character', { secretKey: secretKey.slice(0, -1) }, /malformed/],
    ['a key with one character too many', { secretKey: `${secretKey}x` }, /malformed/],
    ['another prefix', { secretKey: secretKey.replace('sk_test', 'pk_test') }, /malformed/],
    ['a header in the key', { secretKey: `${secretKey}\r\nx: y` }, /malformed/],
    ['a number', { secretKey: 12 as unknown as string }, /string/],
    ['a relative address', { secretKey, url: '/api' }, /url/],
    ['another protocol', { secretKey, url: 'ftp://localhost' }, /url/],
    ['credentials in the address', { secretKey, url: `https://user:${secretKey}@example.com` }, /url/],
    ['the GraphQL endpoint as address', { secretKey, url: 'http://localhost:4000/graphql' }, /without \/graphql/],
    ['a query in the address', { secretKey, url: 'https://example.com?a=b' }, /url/],
    ['no time', { secretKey, timeoutMs: 0 }, /timeoutMs/],
    ['a negative number of retries', { secretKey, maxRetries: -1 }, /maxRetries/],
    ['no number of retries', { secretKey, maxRetries: Number.NaN }, /maxRetries/],
  ])('%s', (_name, options, problem) => {
    const mistake = failureOf(() => new BillingOS(options));

    expect(mistake).toBeInstanceOf(TypeError);
    expect(mistake).toMatchObject({ message: expect.stringMatching(problem) });
    expect(inspect(mistake)).not.toMatch(/4fQ9|aaa/);
  });
});

test('a secret key is refused where there is a page', () => {
  vi.stubGlobal('window', {});
  expect(() => new BillingOS({ secretKey })).not.toThrow();

  vi.stubGlobal('document', {});
  expect(failureOf(() => new BillingOS({ secretKey }))).toMatchObject({ code: 'SECRET_KEY_IN_BROWSER' });
});

test('looking at the instance does not show the key', () => {
  const billingos = new BillingOS({ secretKey });

  const shown = [
    inspect(billingos, { depth: null, showHidden: true }),
    JSON.stringify(billingos),
    JSON.stringify(Object.entries(billingos)),
    Object.getOwnPropertyNames(billingos).join(),
  ];

  for (const text of shown) expect(text).not.toContain('4fQ9');
});

function failureOf(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}
