import {
  createRequest,
  type AnyVariables,
  type Client,
  type OperationResult,
  type TypedDocumentNode,
} from '@urql/core';
import type { BillingOSError } from '../errors.ts';
import { billingErrorOf } from '../failure.ts';
import { customerOf } from '../session/customer.ts';
import type { Session } from '../session/session.ts';

export type QueryState<Data> =
  | { readonly status: 'loading'; readonly data?: undefined; readonly error?: undefined }
  | { readonly status: 'ready'; readonly data: Data; readonly error?: undefined }
  | { readonly status: 'failed'; readonly data?: undefined; readonly error: BillingOSError };

export interface QueryStore<Data> {
  readonly state: () => QueryState<Data>;
  /** The query is sent when somebody subscribes, and again for another customer (nobody sees what was another's) or after a failure that the session recovered from. */
  readonly subscribe: (listener: () => void) => () => void;
  /** What is shown stays meanwhile; asked while an answer is under way, it is asked once more after that. */
  readonly refetch: () => void;
}

export const loading = { status: 'loading' } as const;
/** A session that broke sends nothing, and says why. */
const worthAnotherTry: ReadonlySet<string> = new Set(['ready', 'broken']);

/** One query for whoever is the customer. */
export function createQueryStore<Data, Variables extends AnyVariables>(
  { client, session }: { client: Client; session: Session },
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): QueryStore<Data> {
  let state: QueryState<Data> = loading;
  let customerId: string | undefined;
  let hasFailed = false;
  /** `twice`: what the answer under way will say may be old news already. */
  let asking: 'no' | 'once' | 'twice' = 'no';
  const customerIdNow = () => customerOf(session);

  const request = createRequest(document, variables);

  function subscribe(listener: () => void) {
    const show = (next: QueryState<Data>) => {
      state = next;
      listener();
    };
    const take = (result: OperationResult<Data>) => {
      show(stateAfter(state, result));
      if (result.stale) return;
      hasFailed = result.error !== undefined;
      const isOutdated = asking === 'twice';
      asking = 'no';
      if (isOutdated) refetch();
    };
    const send = () => {
      if (customerId !== customerIdNow()) show(loading);
      customerId = customerIdNow();
      asking = 'once';
      return client.executeQuery(request).subscribe(take);
    };
    let query = send();

    const stopWatching = session.subscribe(() => {
      if (customerId !== customerIdNow()) {
        query.unsubscribe();
        query = send();
      } else if (hasFailed && asking === 'no' && worthAnotherTry.has(session.state().kind)) refetch();
    });

    return () => {
      stopWatching();
      query.unsubscribe();
      asking = 'no';
    };
  }

  function refetch() {
    const isUnderWay = asking !== 'no';
    asking = isUnderWay ? 'twice' : 'once';
    if (!isUnderWay) client.reexecuteOperation(client.createRequestOperation('query', request));
  }

  // Also while nobody subscribes, as in a hidden part of a page, the customer may change.
  return { state: () => (customerId === customerIdNow() ? state : loading), subscribe, refetch };
}

/** What is shown stays while it is asked again, and when that fails in a way that passes by itself. */
function stateAfter<Data>(before: QueryState<Data>, { data, error, stale }: OperationResult<Data>): QueryState<Data> {
  if (!error) return data ? { status: 'ready', data } : loading;
  const failure = billingErrorOf(error);
  if (before.status === 'ready' && (stale || failure.retryable)) return before;
  return stale ? loading : { status: 'failed', error: failure };
}
