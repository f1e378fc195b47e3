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
  | {
      /** Settles within ten seconds, or when it is aborted; fails with a BillingOSError only. */
      readonly ask: (stop: AbortController) => ReturnType<AskForSession>;
      /** Tabs with the same group get equal answers, and share one. */
      readonly group?: string | undefined;
      readonly token?: undefined;
    }
  | { readonly ask?: undefined; readonly group?: undefined; readonly token: string | null };

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
    const { method = 'GET', headers = {}, credentials = 'same-origin' } = request;
    const sent = new Headers(typeof headers === 'function' ? await headers() : headers);
    if (!sent.has('accept')) sent.set('accept', 'application/json');
    const init = { method, headers: sent, credentials, cache: 'no-store', redirect: 'manual', signal } as const;
    const response = await host.fetch(url, init).catch(refuseSilence);
    refuseFailure(response);
    const text = await readBoundedText(response, longestAnswerBytes).catch(refuseSilence);
    if (text === undefined) throw failed('more than 64 KiB', response);
    const answer = parseObject(text);
    if (!answer) throw failed('no JSON', response);
    return answer as unknown as SessionAnswer;
  };

function refuseSilence(cause: unknown): never {
  throw new BillingOSError('NETWORK_ERROR', 'The session endpoint gave no answer.', { cause });
}

function refuseFailure(response: Response) {
  const { status, ok, type } = response;
  if (status === 401 || status === 403) throw new BillingOSError('SIGNED_OUT', 'Nobody is logged in.', { status });
  // What browsers make of a redirect that is not followed.
  if (type === 'opaqueredirect') throw failed('a redirect, perhaps to a login', response);
  if (!ok) throw failed(`HTTP ${status}`, response);
}

const failed = (what: string, response: Response) =>
  new BillingOSError('SESSION_ENDPOINT_FAILED', `The session endpoint answered with ${what}.`, {
    status: response.status,
    retryable: response.status === 429 || response.status >= 500,
    retryAfterSeconds: retryAfterSecondsOf(response.headers),
  });
