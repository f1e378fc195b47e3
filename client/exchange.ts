import { authExchange } from '@urql/exchange-auth';
import {
  composeExchanges,
  makeOperation,
  mapExchange,
  type CombinedError,
  type Exchange,
  type Operation,
} from '@urql/core';
import { billingErrorOf } from './failure.ts';
import type { Session } from './session/session.ts';

/** Where operations go that must not be sent: nowhere, and the answer is the error with this code. */
export const unsent = {
  'billingos:signed-out': 'SIGNED_OUT',
  'billingos:customer-changed': 'CUSTOMER_CHANGED',
} as const;

/** What an operation carries between the two ends of this exchange. */
interface Passage {
  /** The operation as it came in, and as it leaves: a token never shows in a result. */
  readonly origin: Operation;
  /** Who was there when it came in; `undefined` before the first token. */
  readonly customerId: string | undefined;
  /** The token that it was last sent with. */
  readonly sentWith?: string | undefined;
}

// The API refused these before it executed anything: only for them may a mutation be sent again.
const refusals: ReadonlySet<string> = new Set(['UNAUTHENTICATED', 'TOKEN_EXPIRED', 'TOKEN_REVOKED']);
// The API answers these without having looked at the token, perhaps.
const evasions: ReadonlySet<string> = new Set(['UNAVAILABLE', 'RATE_LIMITED', 'INTERNAL_SERVER_ERROR']);

// The token is the only credential, and it goes nowhere but to its endpoint.
const fetchOptions: RequestInit = { credentials: 'omit', cache: 'no-store', redirect: 'error' };

const passageOf = (operation: Operation) => operation.context['billingos'] as Passage;

const passThrough = (operation: Operation, passage: Passage, context: Partial<Operation['context']> = {}): Operation =>
  makeOperation(operation.kind, operation, { ...operation.context, ...context, billingos: passage });

/** Sends every operation with the newest token, and once more when its token was refused. */
export function sessionExchange(session: Session): Exchange {
  let lastMutationKey = 0;
  // authExchange queues by key, and equal mutations have equal keys: each must be sent, so each gets its own.
  const keyOf = ({ kind, key }: Operation) => (kind === 'mutation' ? (lastMutationKey -= 1) : key);
  const passage = mapExchange({
    onOperation(origin) {
      const customerId = session.newest()?.life.claims.customerId;
      return passThrough({ ...origin, key: keyOf(origin) }, { origin, customerId });
    },
    onResult(result) {
      const { origin, sentWith } = passageOf(result.operation);
      if (sentWith !== undefined && isAccepted(result.error)) session.accepted(sentWith);
      return { ...result, operation: origin };
    },
  });
  const renewal = authExchange(async () => ({
    // "Does the token count?" and "which one is sent?" are two questions: a doubtful token is better than none.
    willAuthError: () => !session.isUsable(),
    addAuthToOperation: (operation) => addToken(operation, session),
    didAuthError: (error, operation) => isRefused(error, operation, session),
    refreshAuth: async () => void (await session.getToken()),
  }));
  return composeExchanges([passage, renewal]);
}

function addToken(operation: Operation, session: Session): Operation {
  const passage = passageOf(operation);
  const newest = session.newest();
  if (!newest) return passThrough(operation, passage, { url: 'billingos:signed-out' });
  const { token, life } = newest;
  const isForAnother = passage.customerId !== undefined && passage.customerId !== life.claims.customerId;
  if (isForAnother) return passThrough(operation, passage, { url: 'billingos:customer-changed' });
  return passThrough(
    operation,
    { ...passage, sentWith: token },
    {
      url: life.endpoint,
      fetchOptions: { ...fetchOptions, headers: { authorization: `Bearer ${token}` } },
      // authExchange takes waiting for a token for the one retry; it is one only for what was sent before.
      authAttempt: passage.sentWith !== undefined,
    },
  );
}

function isRefused(error: CombinedError, operation: Operation, session: Session): boolean {
  const { sentWith } = passageOf(operation);
  const failure = billingErrorOf(error);
  if (sentWith === undefined || !refusals.has(failure.code)) return false;
  session.refused(sentWith, failure);
  return true;
}

function isAccepted(error: CombinedError | undefined): boolean {
  if (!error) return true;
  const { code } = billingErrorOf(error);
  return !error.networkError && !refusals.has(code) && !evasions.has(code);
}
