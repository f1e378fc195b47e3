import type { BillingOSError } from '../errors.ts';
import type { Host } from './host.ts';
import type { FreshToken, HeldToken } from './life.ts';
import type { SessionAnswer, SessionSource } from './source.ts';
import type { SessionState } from './state.ts';

export { createRenewal as createSession } from './renewal.ts';

export interface SessionOptions {
  readonly source: SessionSource;
  /** A token to begin with, so that nothing is asked at first. */
  readonly initial?: SessionAnswer | undefined;
  /** @throws {BillingOSError} for what is no token. */
  readonly read: (answer: SessionAnswer | string | null) => FreshToken;
  readonly host: Host;
}

/** Holds one customer's session token and renews it before it ends. */
export interface Session {
  /** Begins to ask; also again after `dispose()`. */
  readonly start: () => void;
  /** Ends every timer, listener and ask. A token that is held stays held, and who waits goes on waiting for `start()`. */
  readonly dispose: () => void;
  /**
   * A token that counts. Waits while one is on its way, through at most three failed asks.
   * @throws {BillingOSError} why there is none.
   */
  readonly getToken: () => Promise<string>;
  /** The newest token, whether it still counts or not. */
  readonly newest: () => HeldToken | undefined;
  /** Whether the newest token is believed to count: neither clock says that it is over, and nobody asked for another one. */
  readonly isUsable: () => boolean;
  /** Milliseconds that the newest token is believed to have left; `undefined` without one. */
  readonly remainingMs: () => number | undefined;
  readonly state: () => SessionState;
  /** Calls back after each change of `state()`. @returns what stops it. */
  readonly subscribe: (listener: () => void) => () => void;
  /** Takes a token that came another way: the next one of an app that renews by itself. The one that was held or handed in last is not taken again. */
  readonly adopt: (token: string) => void;
  /** The API accepted this token. */
  readonly accepted: (token: string) => void;
  /** The API refused this token. Only the newest one is replaced for that. @returns whether it is the newest one. */
  readonly refused: (token: string, error: BillingOSError) => boolean;
  /** Asks now, also out of `signedOut` and `broken`; within five seconds of the last ask only once a minute. */
  readonly retry: () => void;
  /** Forgets the token, here and in other tabs, and asks nobody until `retry()` or a new token. */
  readonly signOut: () => void;
}
