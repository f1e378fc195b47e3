import { expect, test } from 'vitest';
import { createBillingClient } from '../../client/client.ts';
import { readAnswer } from '../../client/session/read.ts';
import type { SessionRequest, SessionSource } from '../../client/session/source.ts';
import { sourceOf } from '../../client/token-options.ts';
import { sessionOf } from './support/session.ts';
import { createToken } from './support/token.ts';
import { createWorld } from './support/world.ts';

const sessionToken = createToken();

function ask(respond: typeof fetch, request: SessionRequest = {}) {
  const { host } = createWorld({ fetch: respond });
  const { ask } = sourceOf(() => ({ sessionTokenUrl: '/api/billingos-session', sessionTokenRequest: request }), host);
  return askAndRead(ask);
}

async function askAndRead(ask: SessionSource['ask']) {
  const answer = await ask?.(new AbortController());
  const { token, lifetimeMs } = readAnswer(answer ?? null);
  return { token, lifetimeMs };
}

const answering = (response: () => Response): typeof fetch => {
  return () => Promise.resolve(response());
};

test('the answer of the endpoint is taken with its lifetime', async () => {
  const answer = await ask(
    answering(() => Response.json({ sessionToken, expiresAt: '2027-01-15T09:00:00Z', expiresIn: 600 })),
  );
  expect(answer).toEqual({ token: sessionToken, lifetimeMs: 600_000 });
});

test('the endpoint is asked with GET, cookies of its own origin, and past every cache', async () => {
  let sent: RequestInit | undefined;
  await ask((_url, init) => {
    sent = init;
    return Promise.resolve(Response.json({ sessionToken }));
  });
  expect(sent).toMatchObject({ method: 'GET', credentials: 'same-origin', cache: 'no-store', redirect: 'manual' });
});

test('method, credentials and headers can be set, and headers are read anew each time', async () => {
  const sent: RequestInit[] = [];
  let csrf = 0;
  const request: SessionRequest = {
    method: 'POST',
    credentials: 'include',
    headers: () => ({ 'x-csrf': `${(csrf += 1)}` }),
  };
  const respond: typeof fetch = (_url, init = {}) => {
    sent.push(init);
    return Promise.resolve(Response.json({ sessionToken }));
  };
  await ask(respond, request);
  await ask(respond, request);
  expect(sent).toMatchObject([{ method: 'POST', credentials: 'include' }, {}]);
  expect(sent.map(({ headers }) => new Headers(headers).get('x-csrf'))).toEqual(['1', '2']);
});

const html = { headers: { 'content-type': 'text/html' } };
const badAnswers: [string, () => Response, { code: string; retryable?: boolean }][] = [
  ['HTML', () => new Response('<!doctype html>', html), { code: 'SESSION_ENDPOINT_FAILED', retryable: false }],
  ['204', () => new Response(null, { status: 204 }), { code: 'SESSION_ENDPOINT_FAILED' }],
  ['nothing', () => new Response(''), { code: 'SESSION_ENDPOINT_FAILED' }],
  ['an empty object', () => Response.json({}), { code: 'SESSION_ENDPOINT_FAILED' }],
  ['null', () => Response.json(null), { code: 'SESSION_ENDPOINT_FAILED' }],
  ['a number as token', () => Response.json({ sessionToken: 1 }), { code: 'SESSION_ENDPOINT_FAILED' }],
  ['a redirect', () => Response.redirect('https://shop.example/login'), { code: 'SESSION_ENDPOINT_FAILED' }],
  ['10 MB', () => new Response('x'.repeat(10_000_000)), { code: 'SESSION_ENDPOINT_FAILED' }],
  ['404', () => new Response('', { status: 404 }), { code: 'SESSION_ENDPOINT_FAILED', retryable: false }],
  ['500', () => new Response('', { status: 500 }), { code: 'SESSION_ENDPOINT_FAILED', retryable: true }],
  ['401', () => new Response('', { status: 401 }), { code: 'SIGNED_OUT' }],
  ['403', () => new Response('', { status: 403 }), { code: 'SIGNED_OUT' }],
];

test.each(badAnswers)('an endpoint that answers with %s is a coded error', async (_name, response, expected) => {
  await expect(ask(answering(response))).rejects.toMatchObject(expected);
});

test('a redirect that the browser hides is a coded error', async () => {
  const hidden = { type: 'opaqueredirect', status: 0, ok: false, headers: new Headers() } as Response;
  await expect(ask(answering(() => hidden))).rejects.toMatchObject({
    code: 'SESSION_ENDPOINT_FAILED',
    message: expect.stringContaining('login') as string,
  });
});

test('the rest of an answer that is too long is not read', async () => {
  let pulls = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulls += 1;
      controller.enqueue(new Uint8Array(16_384));
    },
  });
  await expect(ask(answering(() => new Response(endless)))).rejects.toMatchObject({ code: 'SESSION_ENDPOINT_FAILED' });
  expect(pulls).toBeLessThan(10);
});

test('an endpoint that cannot be reached is a network error', async () => {
  await expect(ask(() => Promise.reject(new TypeError('Failed to fetch')))).rejects.toMatchObject({
    code: 'NETWORK_ERROR',
    retryable: true,
  });
});

test('an answer that is cut off in its middle is a network error', async () => {
  let pulls = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulls += 1;
      if (pulls === 1) controller.enqueue(new TextEncoder().encode('{"sessionToken"'));
      else controller.error(new TypeError('terminated'));
    },
  });
  await expect(ask(answering(() => new Response(body)))).rejects.toMatchObject({
    code: 'NETWORK_ERROR',
    retryable: true,
  });
});

test('Retry-After of the endpoint delays the next ask', async () => {
  let asks = 0;
  const world = createWorld({
    fetch: () => {
      asks += 1;
      return Promise.resolve(new Response('', { status: 429, headers: { 'retry-after': '120' } }));
    },
  });
  createBillingClient({ sessionTokenUrl: '/api/billingos-session', tabGroup: false, host: world.host });
  await world.advance(119_000);
  expect(asks).toBe(1);
  await world.advance(1_000);
  expect(asks).toBe(2);
});

test.each([
  ['throws', () => Promise.reject(new Error('boom'))],
  ['gives nothing', () => Promise.resolve(undefined as unknown as null)],
  ['gives an object without a token', () => Promise.resolve({} as { sessionToken: string })],
])('a function that %s is a coded error', async (_name, getSessionToken) => {
  const world = createWorld();
  const session = sessionOf({ getSessionToken }, world.host);
  session.start();
  await world.advance(0);
  expect(session.state()).toMatchObject({ kind: 'backingOff', error: { code: 'SESSION_ENDPOINT_FAILED' } });
});

test('a source that does not listen to its signal is given up after ten seconds', async () => {
  const world = createWorld();
  const { ask } = sourceOf(() => ({ getSessionToken: () => new Promise(() => {}) }), world.host);
  const answer = expect(askAndRead(ask)).rejects.toMatchObject({ code: 'TIMEOUT' });
  await world.advance(10_000);
  await answer;
  expect(world.timerCount()).toBe(0);
});

test('no source at all is a mistake that shows at once', () => {
  expect(() => createBillingClient({} as { sessionToken: string })).toThrow(TypeError);
});
