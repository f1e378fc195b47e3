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
  readonly refetch: () => void;
}

const loading = { status: 'loading' } as const;
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
  const customerIdNow = () => customerOf(session);

  const request = createRequest(document, variables);

  function subscribe(listener: () => void) {
    const show = (next: QueryState<Data>) => {
      state = next;
      listener();
    };
    const send = () => {
      if (customerId !== customerIdNow()) show(loading);
      customerId = customerIdNow();
      return client.executeQuery(request).subscribe((result) => show(stateOf(result)));
    };
    let query = send();

    const stopWatching = session.subscribe(() => {
      if (customerId !== customerIdNow()) {
        query.unsubscribe();
        query = send();
      } else if (state.status === 'failed' && worthAnotherTry.has(session.state().kind)) refetch();
    });

    return () => {
      stopWatching();
      query.unsubscribe();
    };
  }

  const refetch = () => client.reexecuteOperation(client.createRequestOperation('query', request));

  // Also while nobody subscribes, as in a hidden part of a page, the customer may change.
  return { state: () => (customerId === customerIdNow() ? state : loading), subscribe, refetch };
}

function stateOf<Data>({ data, error }: OperationResult<Data>): QueryState<Data> {
  if (error) return { status: 'failed', error: billingErrorOf(error) };
  return data ? { status: 'ready', data } : loading;
}
