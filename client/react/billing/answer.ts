import type { AnyVariables, TypedDocumentNode } from '@urql/core';
import { useMemo, useSyncExternalStore } from 'react';
import type { BillingOSError } from '../../errors.ts';
import { useBillingOS } from '../context.ts';
import { loading } from '../query-store.ts';
import type { Noun } from './changes.ts';
import { shareQuery } from './shared-query.ts';

type None<Values> = { readonly [Name in keyof Values]?: undefined };

/** What a hook gives of a query: one of three. What is `ready` stays so while it is asked again. */
export type Answer<Values> = (
  | ({ readonly status: 'loading'; readonly error?: undefined } & None<Values>)
  | ({ readonly status: 'ready'; readonly error?: undefined } & Readonly<Values>)
  | ({ readonly status: 'failed'; readonly error: BillingOSError } & None<Values>)
) & {
  readonly refetch: () => void;
};

/** The variables of a query that has none. */
export const none = {};

/** @param variables the same object for as long as they are the same. @param valuesOf always the same function. */
export function useAnswer<Data, Variables extends AnyVariables, Values>(
  noun: Noun,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  valuesOf: (data: Data) => Values,
): Answer<Values> {
  const billing = useBillingOS();
  const query = useMemo(() => shareQuery(billing, noun, document, variables), [billing, noun, document, variables]);
  // Hydration begins with what a server saw, also where the answer is there already.
  const state = useSyncExternalStore(query.subscribe, query.state, () => loading);
  return useMemo(() => {
    const { refetch } = query;
    if (state.status === 'ready') return { status: 'ready', ...valuesOf(state.data), refetch };
    return { ...state, refetch };
  }, [state, query, valuesOf]);
}
