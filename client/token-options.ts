import { BillingOSError } from './errors.ts';
import { withDeadline } from './session/deadline.ts';
import type { Host } from './session/host.ts';
import {
  askUrl,
  type AskForSession,
  type SessionAnswer,
  type SessionRequest,
  type SessionSource,
} from './session/source.ts';

const longestAskMs = 10_000;

interface AskedOptions {
  /** A session that your server rendered into the page: nothing is asked until it is due for renewal. */
  readonly initialSession?: SessionAnswer | undefined;
  /**
   * Tabs of one origin with the same group share one token, in memory. By default the tabs with the same `sessionTokenUrl`, unless that
   * is asked with headers of your own, which may make the answer another one; `false` shares with nobody.
   */
  readonly tabGroup?: string | false | undefined;
  readonly sessionToken?: never;
}

/** Where session tokens come from: exactly one of three. */
export type TokenOptions =
  | (AskedOptions & {
      /** Your endpoint that creates session tokens: asked when one is needed, before it ends, and after a refusal. */
      readonly sessionTokenUrl: string;
      readonly sessionTokenRequest?: SessionRequest | undefined;
      readonly getSessionToken?: never;
    })
  | (AskedOptions & {
      /** The same as a function; `null` says that nobody is logged in. */
      readonly getSessionToken: AskForSession;
      readonly sessionTokenUrl?: never;
      readonly sessionTokenRequest?: never;
    })
  | {
      /** A token that you renew yourself; `null` while there is none. */
      readonly sessionToken: string | null;
      readonly sessionTokenUrl?: never;
      readonly sessionTokenRequest?: never;
      readonly getSessionToken?: never;
      readonly initialSession?: never;
      readonly tabGroup?: never;
    };

/** Which of the three it is stays as it was at first; what it asks is looked up at each ask. */
export function sourceOf(current: () => TokenOptions, host: Pick<Host, 'fetch' | 'timers'>): SessionSource {
  const { sessionToken } = current();
  if (sessionToken !== undefined) return { token: sessionToken };
  askOf(current(), host);
  return {
    group: groupOf(current()),
    ask: (stop) =>
      withDeadline(host.timers, longestAskMs, async (signal) => askOf(current(), host)(signal), stop).catch(refuse),
  };
}

function refuse(cause: unknown): never {
  // Not instanceof: the error may come from another copy of this package.
  if (cause instanceof Error && cause.name === 'BillingOSError') throw cause;
  throw new BillingOSError('SESSION_ENDPOINT_FAILED', 'The source of tokens failed.', { cause, retryable: true });
}

function askOf(options: TokenOptions, host: Pick<Host, 'fetch'>): AskForSession {
  if (options.getSessionToken) return options.getSessionToken;
  if (options.sessionTokenUrl) return askUrl(options.sessionTokenUrl, options.sessionTokenRequest ?? {}, host);
  throw new TypeError('Give sessionTokenUrl, getSessionToken or sessionToken.');
}

// A relative URL is another one on another page.
const isAbsolute = /^(\/|https?:)/;

function groupOf({ tabGroup, sessionTokenUrl, sessionTokenRequest }: TokenOptions): string | undefined {
  if (tabGroup !== undefined) return tabGroup || undefined;
  return sessionTokenUrl && isAbsolute.test(sessionTokenUrl) && !sessionTokenRequest?.headers
    ? sessionTokenUrl
    : undefined;
}
