import { BillingOSError } from '../errors.ts';
import { retryAfterSecondsOf } from '../retry-after.ts';
import { readBoundedText } from './bounded.ts';
import type { Host } from './host.ts';
import { parseObject } from './json.ts';

/** A session token as it comes from the merchant's server; without `expiresIn` (seconds) its lifetime is read from the token. */
export interface SessionAnswer {
  readonly sessionToken: string;
  readonly expiresIn?: number | undefined;
  /** Not read: the local calendar may be wrong. */
  readonly expiresAt?: string | undefined;
}

/** Asks the merchant for a token; `null` says that nobody is logged in. The signal ends it after ten seconds. */
export type AskForSession = (signal: AbortSignal) => Promise<SessionAnswer | string | null>;

/** Where tokens come from: someone to ask, or one that the app hands in and replaces itself. */
export type SessionSource =
  { readonly kind: 'asked'; readonly ask: AskForSession } | { readonly kind: 'given'; readonly token: string | null };

/** How the merchant's session endpoint is asked; headers may be a function, so that they are read anew each time. */
export interface SessionRequest {
  readonly method?: 'GET' | 'POST' | undefined;
  readonly headers?: HeadersInit | (() => HeadersInit | Promise<HeadersInit>) | undefined;
  readonly credentials?: RequestCredentials | undefined;
}

const longestAnswerBytes = 64 * 1024;

/**
 * A source that asks a URL, with cookies of the same origin unless told otherwise. Redirects are not followed: they lead to login pages.
 * @throws {BillingOSError} SIGNED_OUT for 401 and 403, SESSION_ENDPOINT_FAILED for what is no session, NETWORK_ERROR for no answer.
 */
export const askUrl =
  (url: string, request: SessionRequest, host: Pick<Host, 'fetch'>): AskForSession =>
  async (signal) => {
    const response = await send(url, request, signal, host);
    refuseFailure(response);
    const text = await readBoundedText(response, longestAnswerBytes).catch(refuseSilence);
    if (text === undefined) throw failed(`more than ${longestAnswerBytes} bytes`, response);
    const answer = parseObject(text);
    if (!answer) throw failed(text ? 'no JSON object' : 'nothing', response);
    return answer as unknown as SessionAnswer;
  };

async function send(url: string, request: SessionRequest, signal: AbortSignal, host: Pick<Host, 'fetch'>) {
  const { method = 'GET', headers = {}, credentials = 'same-origin' } = request;
  const sent = new Headers(typeof headers === 'function' ? await headers() : headers);
  if (!sent.has('accept')) sent.set('accept', 'application/json');
  const init = { method, headers: sent, credentials, cache: 'no-store', redirect: 'manual', signal } as const;
  return host.fetch(url, init).catch(refuseSilence);
}

function refuseSilence(cause: unknown): never {
  throw new BillingOSError('NETWORK_ERROR', 'The session endpoint could not be reached.', { cause });
}

function refuseFailure(response: Response) {
  const { status, ok, type } = response;
  if (status === 401 || status === 403) {
    throw new BillingOSError('SIGNED_OUT', 'Nobody is logged in.', { status });
  }
  if (type === 'opaqueredirect' || (status >= 300 && status < 400))
    throw failed('a redirect, perhaps to a login page', response);
  if (!ok) throw failed(`HTTP ${status}`, response);
}

function failed(what: string, response: Response) {
  const { status } = response;
  return new BillingOSError('SESSION_ENDPOINT_FAILED', `The session endpoint answered with ${what}.`, {
    status,
    retryable: status === 429 || status >= 500,
    retryAfterSeconds: retryAfterSecondsOf(response),
  });
}
