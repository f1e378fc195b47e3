import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BillingOS } from 'billingos/node';
import { expect, onTestFinished, test, vi } from 'vitest';
import { withShopOrigins } from '../../examples/shop/launch/origins.ts';
import { createShop } from '../../examples/shop/server.ts';
import { readConfig } from '../../server/config.ts';
import { fails, startService } from '../client/support/scripted-service.ts';

const secretKey = 'sk_test_4fQ9zR2mXk7LpW0sTn5VbY8cHd3JgA1eu0aB';

test('a new login ends the one before', async () => {
  const { post, get } = await openShop();
  const first = cookieOf(await post('/api/login', { userId: 'user_mara' }));
  const second = cookieOf(await post('/api/login', { userId: 'user_tomas' }, first));

  expect(await get('/api/me', first)).toMatchObject({ login: null });
  expect(await get('/api/me', second)).toMatchObject({ login: { user: { id: 'user_tomas' } } });
});

test('a login that fails leaves the one before alone', async () => {
  const { post, get } = await openShop();
  const login = cookieOf(await post('/api/login', { userId: 'user_mara' }));
  await post('/api/login', { userId: 'nobody' }, login);

  expect(await get('/api/me', login)).toMatchObject({ login: { user: { id: 'user_mara' } } });
});

test('a body that is no JSON is answered without a stack', async () => {
  const { post } = await openShop();
  const response = await post('/api/login', '{"userId":');

  expect(response.status).toBe(400);
  expect(await response.json()).toEqual({ code: 'INVALID_INPUT', message: 'Send JSON.' });
});

test('a mistake of the shop is told to the terminal, and not to the browser', async () => {
  const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  onTestFinished(() => said.mockRestore());
  const service = await startService(fails('UNAUTHENTICATED', { message: 'The key was revoked.' }));
  const { post } = await openShop(service.url);
  const login = cookieOf(await post('/api/login', { userId: 'user_mara' }));
  const response = await post('/api/revoke', { sessionId: 'ses_1' }, login);

  expect(response.status).toBe(500);
  expect(await response.json()).toEqual({
    code: 'INTERNAL_SERVER_ERROR',
    message: 'The shop made a mistake.',
  });
  expect(said.mock.calls).toEqual([['BillingOSError: The key was revoked.\n']]);
});

test('a browser that leaves ends what the shop asked of the service', async () => {
  const ended = vi.fn();
  const service = await startService((response) => response.once('close', ended));
  const { url, post } = await openShop(service.url);
  const login = cookieOf(await post('/api/login', { userId: 'user_mara' }));
  const browser = new AbortController();

  const ask = fetch(`${url}/api/billingos-session`, { headers: { cookie: login }, signal: browser.signal });
  const left = expect(ask).rejects.toThrow();
  await vi.waitFor(() => expect(service.requests).toHaveLength(1));
  browser.abort();

  await left;
  await vi.waitFor(() => expect(ended).toHaveBeenCalled());
});

test.each([
  [undefined, []],
  ['', []],
  ['https://app.example.com, https://admin.example.com,', ['https://app.example.com', 'https://admin.example.com']],
])('the shop’s own origins are added to those that the user names: %j', (named, users) => {
  const env = withShopOrigins({ PORT: '4001', BILLINGOS_ALLOWED_ORIGINS: named }, 3000);

  expect(readConfig(env).allowedOrigins).toEqual([...users, 'http://localhost:3000', 'http://127.0.0.1:3000']);
  expect(env).toMatchObject({ PORT: '4001' });
});

async function openShop(serviceUrl = 'http://localhost:4000') {
  const shop = createShop({
    billingos: Promise.resolve(new BillingOS({ secretKey, url: serviceUrl, maxRetries: 0 })),
    page: Promise.resolve('/nowhere'),
    billingOrigin: serviceUrl,
  });
  const server = createServer(shop).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: origin,
    post: (path: string, body: object | string, cookie = '') =>
      fetch(`${origin}${path}`, {
        method: 'POST',
        headers: { origin, cookie, 'content-type': 'application/json' },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    get: async (path: string, cookie: string): Promise<unknown> =>
      (await fetch(`${origin}${path}`, { headers: { cookie } })).json(),
  };
}

const cookieOf = (response: Response): string => response.headers.get('set-cookie')?.split(';')[0] ?? '';
