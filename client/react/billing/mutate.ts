import type { AnyVariables, Client, TypedDocumentNode } from '@urql/core';
import { billingErrorOf } from '../../failure.ts';
import type { Noun } from './changes.ts';
import { askAgain } from './shared-query.ts';

/** Sends a mutation, then asks again for what it changed, wherever that is shown. @throws BillingOSError */
export async function mutate<Data, Variables extends AnyVariables>(
  client: Client,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  changed: readonly Noun[] = [],
): Promise<Data> {
  const { data, error } = await client.mutation(document, variables).toPromise();
  // Also when it failed: without an answer it may have happened, and a CONFLICT says that what is shown is old.
  askAgain(client, changed);
  if (error) throw billingErrorOf(error);
  return data as Data;
}
