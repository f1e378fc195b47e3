import { Client, fetchExchange, stringifyDocument } from '@urql/core';
import type { Endpoints } from './endpoint.ts';
import { BillingOSError } from './errors.ts';
import { sessionExchange, unsent } from './exchange.ts';
import { EndSessionDocument } from './generated.ts';
import { aborted } from './session/ask.ts';
import { createHost } from './session/browser-host.ts';
import type { Host } from './session/host.ts';
import { instantOf, surelyRemainingMs } from './session/life.ts';
import { createSession, type Session } from './session/session.ts';
import { sourceOf, type TokenOptions } from './token-options.ts';

const longestSignOutMs = 5_000;

export interface BillingClient {
  /** The urql client: every operation goes with the newest token, to the endpoint of that token. Keeps no cache. */
  readonly client: Client;
  readonly session: Session;
  /** Forgets the token at once, then tells the service to end the session, for at most five seconds. Never fails: the token ends by itself, too. */
  readonly signOut: () => Promise<void>;
}

export type BillingClientOptions = TokenOptions & {
  /** Where to send operations instead of where the token was issued. */
  readonly endpoints?: Endpoints | undefined;
  readonly host?: Host | undefined;
};

/** A client for one customer, without React. Asks for its first token at once; `session.dispose()` ends it. */
export function createBillingClient(options: BillingClientOptions): BillingClient {
  const billing = prepareBillingClient(() => options);
  billing.session.start();
  return billing;
}

/** The same, but nothing is asked before `session.start()`; where tokens come from is looked up at each ask. */
export function prepareBillingClient(current: () => BillingClientOptions): BillingClient {
  const { endpoints, host = createHost() } = current();
  const session = createSession({ source: sourceOf(current, host), endpoints, host });
  const client = new Client({
    url: 'billingos:signed-out',
    preferGetMethod: false,
    requestPolicy: 'network-only',
    fetch: (input, init) => sendRouted(input, init, host),
    exchanges: [sessionExchange(session), fetchExchange],
  });
  return { client, session, signOut: () => signOut(session, host) };
}

async function sendRouted(input: RequestInfo | URL, init: RequestInit | undefined, host: Host): Promise<Response> {
  const code = unsent[input as keyof typeof unsent];
  if (code) throw new BillingOSError(code, 'Not sent: its customer is not here any more.');
  return host.fetch(input, init);
}

async function signOut(session: Session, { fetch, clock, timers }: Host): Promise<void> {
  const newest = session.newest();
  session.signOut();
  // Not isUsable: what broke the session may have left the token as it was.
  if (!newest || surelyRemainingMs(newest.life, instantOf(clock)) <= 0) return;
  const { token, life } = newest;
  const deadline = new AbortController();
  const timer = timers.set(() => deadline.abort(), longestSignOutMs);
  const request = {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: stringifyDocument(EndSessionDocument) }),
    // Arrives also when the app leaves the page at once.
    keepalive: true,
    credentials: 'omit',
    redirect: 'error',
    signal: deadline.signal,
  } as const;
  try {
    await Promise.race([fetch(life.endpoint, request), aborted(deadline.signal)]);
  } catch {
    // The token ends by itself.
  } finally {
    timers.clear(timer);
  }
}
