import { Client, fetchExchange } from '@urql/core';
import type { Endpoints } from './endpoint.ts';
import { BillingOSError } from './errors.ts';
import { sessionExchange, unsent } from './exchange.ts';
import { createHost } from './session/browser-host.ts';
import { withDeadline } from './session/deadline.ts';
import type { Host } from './session/host.ts';
import { instantOf, surelyRemainingMs } from './session/life.ts';
import { readAnswer } from './session/read.ts';
import { createSession, customerOf, type Session } from './session/session.ts';
import { sourceOf, type TokenOptions } from './token-options.ts';

const longestSignOutMs = 5_000;
// Not generated: as a document it would be four times as long.
const endSession = '{"query":"mutation EndSession { endSession { id } }"}';

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
  const { endpoints, initialSession, host = createHost() } = current();
  const session = createSession({
    source: sourceOf(current, host),
    initial: initialSession,
    read: (answer) => readAnswer(answer, endpoints),
    host,
  });
  const client = new Client({
    url: unsent,
    preferGetMethod: false,
    requestPolicy: 'network-only',
    fetch: (input, init) => sendRouted(input, init, session, host),
    exchanges: [sessionExchange(session), fetchExchange],
  });
  return { client, session, signOut: () => signOut(session, host) };
}

/** Sends for the customer who is here now; fails as soon as it is another one, or nobody. */
async function sendRouted(input: RequestInfo | URL, init: RequestInit | undefined, session: Session, host: Host) {
  if (input === unsent) throw new BillingOSError('SIGNED_OUT', 'Nobody is logged in.');
  const customerId = customerOf(session);
  let stop: (() => void) | undefined;
  const hasLeft = new Promise<never>((_resolve, reject) => {
    stop = session.subscribe(() => {
      if (customerOf(session) !== customerId) reject(new Error('The customer left.'));
    });
  });
  return Promise.race([host.fetch(input, init), hasLeft]).finally(stop);
}

async function signOut(session: Session, { fetch, clock, timers }: Host): Promise<void> {
  const newest = session.newest();
  session.signOut();
  // Not isUsable: what broke the session may have left the token as it was.
  if (!newest || surelyRemainingMs(newest.life, instantOf(clock)) <= 0) return;
  const { token, life } = newest;
  const request = {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: endSession,
    // Arrives also when the app leaves the page at once.
    keepalive: true,
    credentials: 'omit',
    redirect: 'error',
  } as const;
  // The token ends by itself.
  await withDeadline(timers, longestSignOutMs, (signal) => fetch(life.endpoint, { ...request, signal })).catch(
    () => {},
  );
}
