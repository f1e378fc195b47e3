import {
  createRequest,
  type AnyVariables,
  type Client,
  type OperationResult,
  type TypedDocumentNode,
} from '@urql/core';
import type { BillingOSError } from '../errors.ts';
import { billingErrorOf } from '../failure.ts';
import type { Session } from '../session/session.ts';

export type QueryState<Data> =
  | { readonly status: 'loading'; readonly data?: undefined; readonly error?: undefined }
  | { readonly status: 'ready'; readonly data: Data; readonly error?: undefined }
  | { readonly status: 'failed'; readonly data?: undefined; readonly error: BillingOSError };

export interface QueryStore<Data> {
  readonly state: () => QueryState<Data>;
  /** The query is sent when somebody subscribes, and again for another customer: nobody sees what was another's. */
  readonly subscribe: (listener: () => void) => () => void;
  readonly refetch: () => void;
}

const loading = { status: 'loading' } as const;

/** One query for whoever is the customer. */
export function createQueryStore<Data, Variables extends AnyVariables>(
  { client, session }: { client: Client; session: Session },
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): QueryStore<Data> {
  let state: QueryState<Data> = loading;
  const customerIdNow = () => session.newest()?.life.claims.customerId;

  const requestFor = (customerId: string | undefined) => ({
    ...createRequest(document, variables),
    // Equal keys share one answer, which must not be shared by two customers.
    key: createRequest(document, { ...variables, customerId } as unknown as Variables).key,
  });

  let request = requestFor(undefined);

  function subscribe(listener: () => void) {
    const show = (next: QueryState<Data>) => {
      state = next;
      listener();
    };
    const send = () => client.executeQuery(request).subscribe((result) => show(stateOf(result)));
    let customerId = customerIdNow();
    request = requestFor(customerId);
    let query = send();

    const stopWatching = session.subscribe(() => {
      const before = customerId;
      customerId = customerIdNow();
      if (before === customerId) return;
      query.unsubscribe();
      show(loading);
      request = requestFor(customerId);
      query = send();
    });

    return () => {
      stopWatching();
      query.unsubscribe();
    };
  }

  const refetch = () => client.reexecuteOperation(client.createRequestOperation('query', request));

  return { state: () => state, subscribe, refetch };
}

function stateOf<Data>({ data, error }: OperationResult<Data>): QueryState<Data> {
  if (error) return { status: 'failed', error: billingErrorOf(error) };
  return data ? { status: 'ready', data } : loading;
}
