import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { StripeAccount, StripeObject } from './stripe-account.ts';

/** What goes wrong with a request instead of its answer. */
export type StripeFault =
  | { readonly kind: 'tooManyRequests'; readonly retryAfterSeconds?: number }
  | { readonly kind: 'broken' }
  /** A page of HTML, as a proxy in front of Stripe gives. */
  | { readonly kind: 'html' }
  /** The connection ends in the middle of the page. */
  | { readonly kind: 'cut' };

interface StripeServerOptions {
  readonly account: StripeAccount;
  /** Each key, and the lists that it may read. */
  readonly keys: Readonly<Record<string, 'all' | readonly (keyof StripeAccount)[]>>;
}

/** A real HTTP server that lists an account as Stripe's API does. It ends with the test. */
export async function createStripeServer({ account, keys }: StripeServerOptions) {
  const faults: StripeFault[] = [];
  const requests: URL[] = [];

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://stripe');
    requests.push(url);
    const fault = faults.shift();
    if (fault) fail(response, fault);
    else send(response, ...answerTo(request, url));
  });

  function answerTo(request: IncomingMessage, url: URL): Answer {
    const key = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
    const lists = keys[key];
    if (!lists) {
      return [401, errorOf(`Invalid API Key provided: ${key.slice(0, 8)}****${key.slice(-4)}`)];
    }
    const list = url.pathname.replace('/v1/', '') as keyof StripeAccount;
    if (!account[list]) return [404, errorOf(`Unrecognized request URL (GET: ${url.pathname}).`)];
    if (lists !== 'all' && !lists.includes(list)) return [403, errorOf(lacks(key, list))];
    return pageOf(account[list], url.searchParams);
  }

  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    apiBase: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    /** The next requests fail in these ways, one each. */
    fail: (...next: StripeFault[]) => void faults.push(...next),
  };
}

export type Answer = [status: number, body: object, headers?: Record<string, string>];

export const lacks = (key: string, list: string) =>
  `The provided key '${key.slice(0, 8)}****${key.slice(-4)}' does not have the required permissions for this endpoint. ` +
  `Having the 'rak_${list.replace(/s$/, '')}_read' permission would allow this request to continue.`;

export const errorOf = (message: string, code?: string) => ({
  error: { type: 'invalid_request_error', ...(code && { code }), message },
});

export function pageOf(objects: readonly StripeObject[], query: URLSearchParams): Answer {
  const listed = objects.filter(isWanted(query));
  const startingAfter = query.get('starting_after');
  const start = startingAfter === null ? 0 : listed.findIndex(({ id }) => id === startingAfter) + 1;
  if (startingAfter !== null && start === 0) {
    return [400, errorOf(`No such object: '${startingAfter}'`, 'resource_missing')];
  }
  const end = start + Number(query.get('limit') ?? 10);
  const page = listed.slice(start, end).map(shownIn(query));
  return [200, { object: 'list', data: page, has_more: end < listed.length }];
}

/** Stripe leaves out the tiers of prices unless they are asked for. */
const shownIn =
  (query: URLSearchParams) =>
  ({ tiers, ...object }: StripeObject): StripeObject =>
    query.get('expand[]') === 'data.tiers' && tiers !== undefined ? { ...object, tiers } : object;

/** Stripe leaves out archived prices and canceled subscriptions unless they are asked for. */
const isWanted = (query: URLSearchParams) => (object: StripeObject) => {
  if (object.object === 'price') return String(object['active']) === (query.get('active') ?? 'true');
  if (object.object === 'subscription') return query.get('status') === 'all' || object['status'] !== 'canceled';
  return true;
};

export function fail(response: ServerResponse, fault: StripeFault): void {
  switch (fault.kind) {
    case 'tooManyRequests': {
      const { retryAfterSeconds } = fault;
      const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
      return send(response, 429, errorOf('Too many requests', 'rate_limit'), headers);
    }
    case 'broken':
      return send(response, 500, { error: { type: 'api_error', message: 'Something broke.' } });
    case 'html':
      return void response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>');
    case 'cut':
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100000' });
      response.write('{"object":"list","data":[{"id":"cus_cut","object":"cust', () => response.destroy());
  }
}

export function send(response: ServerResponse, ...[status, body, headers = {}]: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}
