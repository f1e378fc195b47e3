import type { Endpoints } from '../endpoint.ts';
import { BillingOSError } from '../errors.ts';
import { createHost } from './browser-host.ts';
import type { Host } from './host.ts';
import { instantOf, remainingMs, type HeldToken } from './life.ts';
import { createRenewal } from './renewal.ts';
import type { SessionSource } from './source.ts';
import { isTerminal, lifeOf, transition, type SessionEvent, type SessionState } from './state.ts';
import { createStore } from './store.ts';
import { createWaiting } from './waiting.ts';

export interface SessionOptions {
  readonly source: SessionSource;
  readonly endpoints?: Endpoints | undefined;
  readonly host?: Host | undefined;
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
  /** Whether the newest token is believed to count. */
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
  /** The API refused this token. Only the newest one is replaced for that. */
  readonly refused: (token: string, error: BillingOSError) => void;
  /** Asks now, also out of `signedOut` and `broken`; within five seconds of the last ask only once a minute. */
  readonly retry: () => void;
  /** Forgets the token, and asks nobody until `retry()` or a new token. */
  readonly signOut: () => void;
}

/** One session, for one tab or one process that acts for one customer. Nothing is asked before `start()`. */
export function createSession({ source, endpoints, host = createHost() }: SessionOptions): Session {
  const store = createStore<SessionState, SessionEvent>({ kind: 'idle' }, transition);
  const waiting = createWaiting();
  const renewal = createRenewal({ source, endpoints, host, store, waiting });

  return {
    start: renewal.start,
    dispose: renewal.stop,
    newest: renewal.newest,
    adopt: renewal.adopt,
    accepted: renewal.accepted,
    refused: renewal.refused,
    retry: renewal.retry,
    state: store.state,
    subscribe: store.subscribe,
    isUsable: renewal.isUsable,
    async getToken() {
      const held = renewal.newest();
      if (held && renewal.isUsable()) return held.token;
      const state = store.state();
      if (isTerminal(state)) throw state.error;
      const token = waiting.join();
      renewal.plan();
      return token;
    },
    remainingMs() {
      const life = lifeOf(store.state());
      return life && Math.max(0, remainingMs(life, instantOf(host.clock)));
    },
    signOut() {
      renewal.end('signedOut', new BillingOSError('SIGNED_OUT', 'The app signed out.'));
    },
  };
}
