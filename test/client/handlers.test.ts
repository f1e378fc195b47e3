import express from 'express';
import fastify from 'fastify';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, expectTypeOf, onTestFinished, test, vi } from 'vitest';
import {
  BillingOS,
  BillingOSError,
  createSessionHandler,
  expressSessionHandler,
  fastifySessionHandler,
  type SessionHandlerOptions,
} from '../../client/node.ts';
import { answers, createdSession, dropsConnection, fails, hangs, startService } from './support/scripted-service.ts';

const secretKey = 'sk_test_4fQ9zR2mXk7LpW0sTn5VbY8cHd3JgA1eu0aB';
const path = '/api/billingos-session';

/** As much of a request as all frameworks have. The cookie is the merchant's login here. */
interface AnyRequest {
  readonly method: string;
  readonly headers: Headers | { readonly cookie?: string | undefined };
}

const issued = { sessionToken: 'bos_session_test_aaa.bbb.ccc', expiresAt: new Date(), expiresIn: 3_600 };

type Options = SessionHandlerOptions<AnyRequest>;
type Ask = (pathAndQuery?: string, init?: RequestInit) => Promise<Response>;

/** One endpoint in each framework. */
const frameworks: [string, (options: Options) => Promise<Ask>][] = [
  [
    'Web Request',
    async (options) => {
      const handler = createSessionHandler(options);
      return (pathAndQuery = path, init) => handler(new Request(`http://localhost${pathAndQuery}`, init));
    },
  ],
  [
    'Express',
    async (options) => {
      const app = express();
      app.use(express.json());
      app.all(path, expressSessionHandler(options));
      const server = createServer(app).listen(0, '127.0.0.1');
      onTestFinished(() => void server.close());
      await once(server, 'listening');
      return asking(server.address() as AddressInfo);
    },
  ],
  [
    'Fastify',
    async (options) => {
      const app = fastify({ forceCloseConnections: true });
      app.all(path, fastifySessionHandler(options));
      onTestFinished(() => app.close());
      await app.listen({ port: 0, host: '127.0.0.1' });
      return asking(app.server.address() as AddressInfo);
    },
  ],
];

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe.each(frameworks)('%s', (_name, serve) => {
  const asAda = { headers: { cookie: 'user=ada' } };

  test.each(['GET', 'POST'])('%s of a logged-in user is answered with a token that is not stored', async (method) => {
    const service = await startService(answers(createdSession));
    const ask = await serve(optionsOf(service.url));

    const response = await ask(path, { ...asAda, method });

    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      sessionToken: 'bos_session_test_aaa.bbb.ccc',
      expiresAt: '2026-11-01T11:00:00.000Z',
      expiresIn: 3600,
    });
    expectUnshared(response);
    expect(service.requests[0]?.body.variables).toEqual({ input: { externalUserId: 'ada' } });
  });

  test.each([null, undefined])('without a user (%s) there is no token', async (nobody) => {
    const service = await startService(answers(createdSession));
    const ask = await serve({ ...optionsOf(service.url), authenticate: () => nobody });

    const response = await ask();

    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: 'UNAUTHENTICATED' });
    expectUnshared(response);
    expect(service.requests).toHaveLength(0);
  });

  test('an id in the body or the query decides nothing', async () => {
    const service = await startService(answers(createdSession));
    const ask = await serve(optionsOf(service.url));
    const body = JSON.stringify({ externalUserId: 'eve', externalOrganizationId: 'evil', input: { expiresIn: 86400 } });
    const query = '?externalUserId=eve&externalOrganizationId=evil';

    const headers = { ...asAda.headers, 'content-type': 'application/json', 'x-external-user-id': 'eve' };
    await ask(path + query, { method: 'POST', headers, body });
    const anonymous = await ask(path + query, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });

    expect(anonymous.status).toBe(401);
    expect(service.requests.map(({ body }) => body.variables)).toEqual([{ input: { externalUserId: 'ada' } }]);
  });

  test('what authenticate returns besides the user goes into the session', async () => {
    const service = await startService(answers(createdSession));
    const user = { externalUserId: 'ada', externalOrganizationId: 'acme', expiresIn: 60, metadata: { ip: '::1' } };
    const ask = await serve({ ...optionsOf(service.url), authenticate: async () => user });

    await ask();

    expect(service.requests[0]?.body.variables).toEqual({ input: user });
  });

  test.each(['PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'])('%s is not allowed', async (method) => {
    const service = await startService(answers(createdSession));
    const ask = await serve(optionsOf(service.url));

    const response = await ask(path, { ...asAda, method });

    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, POST');
    expectUnshared(response);
    expect(service.requests).toHaveLength(0);
  });

  test.each<[string, Options['authenticate']]>([
    ['throws', () => raise('database at db:5432 is down')],
    ['rejects', async () => raise('database at db:5432 is down')],
    ['throws what looks like an outage', () => raise('database at db:5432 is down', { retryable: true })],
  ])('when authenticate %s, there is no token and nothing is given away', async (_what, authenticate) => {
    const service = await startService(answers(createdSession));
    const onError = vi.fn();
    const ask = await serve({ ...optionsOf(service.url), authenticate, onError });

    const response = await ask(path, asAda);

    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({
      code: 'INTERNAL_SERVER_ERROR',
      message: 'The session could not be created.',
    });
    expectUnshared(response);
    expect(service.requests).toHaveLength(0);
    expect(onError).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ message: 'database at db:5432 is down' }),
    );
  });

  test.each([
    ['the service cannot be reached', dropsConnection, '5'],
    ['the service is down', fails('UNAVAILABLE', { headers: { 'retry-after': '9' } }), '9'],
    ['the service is busy', fails('RATE_LIMITED', { headers: { 'retry-after': '60' } }), '60'],
  ])('when %s, the browser may come back later', async (_what, step, retryAfter) => {
    const service = await startService(step);
    const ask = await serve(optionsOf(service.url));

    const response = await ask(path, asAda);

    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe(retryAfter);
    expect(await response.json()).toEqual({
      code: 'UNAVAILABLE',
      message: 'Billing cannot be reached at the moment.',
    });
    expectUnshared(response);
  });

  test.each(['UNAUTHENTICATED', 'INVALID_INPUT', 'FORBIDDEN'] as const)(
    'when the service answers %s, the browser learns nothing of it',
    async (code) => {
      const service = await startService(fails(code, { message: 'key_1 may not.', headers: { 'retry-after': '9' } }));
      const ask = await serve(optionsOf(service.url));

      const response = await ask(path, asAda);

      expect(response.status).toBe(500);
      expect(response.headers.get('retry-after')).toBeNull();
      expect(await response.json()).toEqual({
        code: 'INTERNAL_SERVER_ERROR',
        message: 'The session could not be created.',
      });
    },
  );

  test('a browser that leaves ends the work for it, and is no failure', async () => {
    const ended = vi.fn();
    const service = await startService((response) => response.once('close', ended));
    const onError = vi.fn();
    const ask = await serve({ ...optionsOf(service.url), onError });
    const browser = new AbortController();

    const answer = ask(path, { ...asAda, signal: browser.signal }).catch(() => undefined);
    await vi.waitFor(() => expect(service.requests).toHaveLength(1));
    browser.abort();
    await answer;

    await vi.waitFor(() => expect(ended).toHaveBeenCalled());
    expect(onError).not.toHaveBeenCalled();
  });

  test('a service that does not answer is given up after eight seconds, before the browser gives up', async () => {
    const onError = vi.fn();
    const service = await startService(hangs);
    const ask = await serve({ ...optionsOf(service.url), onError });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });

    const answer = ask(path, asAda);
    while (service.requests.length === 0) await new Promise(setImmediate);
    await vi.advanceTimersByTimeAsync(7_999);
    expect(onError).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);

    expect((await answer).status).toBe(503);
    expect((await answer).headers.get('retry-after')).toBe('5');
    expect(onError).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ code: 'TIMEOUT', message: expect.stringContaining('eight seconds') as string }),
    );
  });

  test('an onError that throws changes no answer', async () => {
    const service = await startService(fails('UNAUTHENTICATED'));
    const ask = await serve({ ...optionsOf(service.url), onError: () => raise('logger is down') });

    expect((await ask(path, asAda)).status).toBe(500);
  });

  test('without onError one line says why the SDK failed, without a secret', async () => {
    const log = vi.spyOn(console, 'error').mockReturnValue();
    const service = await startService(fails('UNAUTHENTICATED', { message: `Who is ${secretKey}?` }));
    const { billingos, authenticate } = optionsOf(service.url);
    const ask = await serve({ billingos, authenticate });

    await ask(path, asAda);

    const line = 'BillingOS session endpoint: UNAUTHENTICATED: Who is sk_test_…? (request req_1)';
    expect(log.mock.calls).toEqual([[line]]);
  });

  test('without onError a BillingOSError of authenticate is one line without a secret, too', async () => {
    const log = vi.spyOn(console, 'error').mockReturnValue();
    const { billingos } = optionsOf('http://localhost:4000');
    const authenticate = () => {
      throw new BillingOSError('INVALID_INPUT', `Wrong:\n- ${secretKey}\n- ${issued.sessionToken}`);
    };
    const ask = await serve({ billingos, authenticate });

    await ask(path, asAda);

    const line = 'BillingOS session endpoint: INVALID_INPUT: Wrong: - sk_test_… - bos_session_test_…';
    expect(log.mock.calls).toEqual([[line]]);
  });

  test('without onError one line names what authenticate threw, and does not repeat its message', async () => {
    const log = vi.spyOn(console, 'error').mockReturnValue();
    const { billingos } = optionsOf('http://localhost:4000');
    const authenticate = () => {
      throw new RangeError('ada@example.com has no password');
    };
    const ask = await serve({ billingos, authenticate });

    await ask(path, asAda);

    const line = 'BillingOS session endpoint: RangeError thrown by authenticate. Pass onError to see more.';
    expect(log.mock.calls).toEqual([[line]]);
  });

  test.each(['billingos', 'authenticate'] as const)(
    'a handler without %s is a TypeError before any request',
    async (missing) => {
      const incomplete = { ...optionsOf('http://localhost:4000'), [missing]: undefined } as unknown as Options;

      await expect(serve(incomplete)).rejects.toThrow(new RegExp(`^${missing} must be`));
      await expect(serve(incomplete)).rejects.toBeInstanceOf(TypeError);
    },
  );
});

test.each<[string, () => Promise<typeof issued>]>([
  ['after an answer', async () => issued],
  ['after a failure', async () => raise('no')],
])('no timer is left behind %s', async (_when, createSessionToken) => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const handler = createSessionHandler({ ...optionsOf('http://localhost:4000'), billingos: { createSessionToken } });

  await handler(new Request('http://localhost', { headers: { cookie: 'user=ada' } }));

  expect(vi.getTimerCount()).toBe(0);
});

test('nothing is asked for a browser that left before the handler was reached', async () => {
  const service = await startService(hangs);
  const handler = expressSessionHandler(optionsOf(service.url));
  const response = { destroyed: true, once: vi.fn(), statusCode: 0, setHeader: vi.fn(), end: vi.fn() };

  await handler({ method: 'GET', headers: { cookie: 'user=ada' } }, response);

  expect(service.requests).toHaveLength(0);
});

test('authenticate sees the request of its framework', () => {
  const billingos = new BillingOS({ secretKey });
  const user = { externalUserId: 'ada' };

  createSessionHandler({
    billingos,
    authenticate: (request) => {
      expectTypeOf(request).toEqualTypeOf<Request>();
      return user;
    },
  });
  const app = express();
  app.get(path, expressSessionHandler({ billingos, authenticate: (request: express.Request) => request.body && user }));
  app.get(path, expressSessionHandler({ billingos, authenticate: ({ method }) => (method ? user : null) }));
  const handler = expressSessionHandler({ billingos, authenticate: (_request: IncomingMessage) => user });
  createServer((request, response) => void handler(request, response));
  fastify().get(path, fastifySessionHandler({ billingos, authenticate: () => user }));

  // @ts-expect-error a user without an id is nobody
  createSessionHandler({ billingos, authenticate: () => ({ email: 'ada@example.com' }) });
});

function optionsOf(url: string): Options {
  return {
    billingos: new BillingOS({ secretKey, url, maxRetries: 0 }),
    authenticate: (request) => {
      const cookie = request.headers instanceof Headers ? request.headers.get('cookie') : request.headers.cookie;
      return cookie ? { externalUserId: cookie.replace('user=', '') } : null;
    },
    onError: () => undefined,
  };
}

function asking({ port }: AddressInfo): Ask {
  return (pathAndQuery = path, init) => fetch(`http://127.0.0.1:${port}${pathAndQuery}`, init);
}

/** Nothing on the way keeps the answer, and no page of another origin reads it. */
function expectUnshared({ headers }: Response) {
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('vary')).toBe('Cookie');
  expect(headers.get('content-type')).toMatch(/^application\/json/);
  expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
}

function raise(message: string, details: object = {}): never {
  throw Object.assign(new Error(message), details);
}
