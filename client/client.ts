import { Client, fetchExchange } from '@urql/core';
import type { Endpoints } from './endpoint.ts';
import { BillingOSError } from './errors.ts';
import { fetchOptions, sessionExchange, unsent } from './exchange.ts';
import { createHost } from './session/browser-host.ts';
import { customerOf } from './session/customer.ts';
import { withDeadline } from './session/deadline.ts';
import type { Host } from './session/host.ts';
import { instantOf, surelyRemainingMs } from './session/life.ts';
import { readAnswer } from './session/read.ts';
import { createSession, type Session } from './session/session.ts';
import type { SessionState } from './session/state.ts';
import { sourceOf, type TokenOptions } from './token-options.ts';

const longestSignOutMs = 5_000;
// Not generated: as a document it would be four times as long.
const endSession = '{"query":"mutation EndSession { endSession { id } }"}';

export interface BillingClient {
  /** The urql client: every operation goes with the newest token, to the endpoint of that token. Keeps no cache. */
  readonly client: Client;
  readonly session: Session;
  /** As it was before anything was asked: what a server renders. */
  readonly firstState: SessionState;
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
  separateAnswers(client, session);
  return { client, session, firstState: session.state(), signOut: () => signOut(session, host) };
}

// As urql’s own keys: below this.
const keySpan = 2 ** 32;

/** urql shares, replays and queues by key. No answer may be another customer’s, and no mutation is the same as an equal one. */
function separateAnswers(client: Client, session: Session) {
  const { createRequestOperation } = client;
  let customerId: string | undefined;
  let customers = 0;
  let mutations = 0;
  client.createRequestOperation = (kind, request, context) => {
    if (customerId !== customerOf(session)) customers += 1;
    customerId = customerOf(session);
    const key = kind === 'mutation' ? (mutations -= 1) : request.key + customers * keySpan;
    return createRequestOperation(kind, { ...request, key }, context);
  };
}

/** Sends for the customer who is here now; fails as soon as it is another one, or nobody. */
async function sendRouted(input: RequestInfo | URL, init: RequestInit | undefined, session: Session, host: Host) {
  const customerId = customerOf(session);
  if (input === unsent || !customerId) throw new BillingOSError('SIGNED_OUT', 'Nobody is logged in.');
  const answer = host.fetch(input, init);
  let stop: (() => void) | undefined;
  const hasLeft = new Promise<never>((_resolve, reject) => {
    stop = session.subscribe(() => {
      if (customerOf(session) !== customerId) reject(new BillingOSError('SIGNED_OUT', 'Signed out.'));
    });
  });
  return Promise.race([answer, hasLeft]).finally(stop);
}

async function signOut(session: Session, { fetch, clock, timers }: Host): Promise<void> {
  const newest = session.newest();
  session.signOut();
  // Not isUsable: what broke the session may have left the token as it was.
  if (!newest || surelyRemainingMs(newest.life, instantOf(clock)) <= 0) return;
  const { token, life } = newest;
  const request = {
    ...fetchOptions,
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: endSession,
    // Arrives also when the app leaves the page at once.
    keepalive: true,
  };
  // The token ends by itself.
  await withDeadline(timers, longestSignOutMs, (signal) => fetch(life.endpoint, { ...request, signal })).catch(
    () => {},
  );
}
