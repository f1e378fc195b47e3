import { authExchange } from '@urql/exchange-auth';
import {
  CombinedError,
  composeExchanges,
  makeOperation,
  type Exchange,
  type Operation,
  type OperationResult,
} from '@urql/core';
import { map } from 'wonka';
import { BillingOSError } from './errors.ts';
import { billingErrorOf } from './failure.ts';
import { customerOf } from './session/customer.ts';
import type { Session } from './session/session.ts';

/** Where operations go that must not be sent: nowhere. */
export const unsent = 'billingos:unsent';

/** What an operation carries between the two ends of this exchange. */
interface Passage {
  /** The operation as it came in, and as it leaves: a token never shows in a result. */
  readonly origin: Operation;
  /** Whose it is; `undefined` before the first token. */
  readonly customerId: string | undefined;
  /** The token that it was last sent with. */
  readonly sentWith?: string | undefined;
  /** The newest token was refused for it: it is sent with one more, and then no more. */
  isLastTry?: boolean;
}

// The API refused these before it executed anything: only for them may a mutation be sent again.
const refusals: readonly string[] = ['UNAUTHENTICATED', 'TOKEN_EXPIRED', 'TOKEN_REVOKED'];
// The token is the only credential, and it goes nowhere but to its endpoint.
export const fetchOptions: RequestInit = { credentials: 'omit', cache: 'no-store', redirect: 'error' };

const passageOf = (operation: Operation) => operation.context['billingos'] as Passage;

const passThrough = (operation: Operation, passage: Passage, context: Partial<Operation['context']> = {}): Operation =>
  makeOperation(operation.kind, operation, { ...operation.context, ...context, billingos: passage });

/** Sends every operation with the newest token, again while a newer one is there, and once more when the newest was refused. Drops it when its customer left. */
export function sessionExchange(session: Session): Exchange {
  const enter = (origin: Operation) => passThrough(origin, { origin, customerId: customerOf(session) });
  const passage: Exchange =
    ({ forward }) =>
    (operations) =>
      map((result: OperationResult) => leave(result, session))(forward(map(enter)(operations)));
  const renewal = authExchange(async () => ({
    // "Does the token count?" and "which one is sent?" are two questions: a doubtful token is better than none.
    willAuthError: () => !session.isUsable(),
    addAuthToOperation: (operation) => addToken(operation, session),
    didAuthError: (error, operation) => isRefused(error, operation, session),
    refreshAuth: async () => void (await session.getToken()),
  }));
  return composeExchanges([passage, renewal]);
}

function leave(result: OperationResult, session: Session): OperationResult {
  const { origin: operation, sentWith, customerId } = passageOf(result.operation);
  const networkError = departureOf(customerId, session);
  if (networkError) return { ...result, operation, data: undefined, error: new CombinedError({ networkError }) };
  if (sentWith !== undefined && isAccepted(result.error)) session.accepted(sentWith);
  return { ...result, operation };
}

/** Why nothing may be shown or sent of an operation of this customer. */
function departureOf(customerId: string | undefined, session: Session): BillingOSError | undefined {
  const present = customerOf(session);
  if (customerId === undefined || customerId === present) return undefined;
  return present === undefined
    ? new BillingOSError('SIGNED_OUT', 'Signed out.')
    : new BillingOSError('CUSTOMER_CHANGED', 'Another customer.');
}

function addToken(operation: Operation, session: Session): Operation {
  const passage = passageOf(operation);
  const newest = session.newest();
  if (!newest || departureOf(passage.customerId, session)) return passThrough(operation, passage, { url: unsent });
  const { token, life } = newest;
  return passThrough(
    operation,
    { ...passage, customerId: life.claims.customerId, sentWith: token },
    {
      url: life.endpoint,
      fetchOptions: { ...fetchOptions, headers: { authorization: `Bearer ${token}` } },
      // authExchange takes waiting for a token, or for a newer one that came meanwhile, for the one retry.
      authAttempt: passage.isLastTry,
    },
  );
}

function isRefused(error: CombinedError, operation: Operation, session: Session): boolean {
  const passage = passageOf(operation);
  const { sentWith } = passage;
  const failure = billingErrorOf(error);
  if (sentWith === undefined || !refusals.includes(failure.code)) return false;
  if (session.refused(sentWith, failure)) passage.isLastTry = true;
  return true;
}

/** Whether the API looked at the token and took it, whatever came of the operation: not when it was refused, overloaded or broken. */
const isAccepted = (error: CombinedError | undefined) =>
  !error ||
  (((error.response as Response | undefined)?.status ?? 500) < 429 && !refusals.includes(billingErrorOf(error).code));
