import { createRequest, type AnyVariables, type Client, type TypedDocumentNode } from '@urql/core';
import type { BillingClient } from '../../client.ts';
import { createHost } from '../../session/browser-host.ts';
import { createQueryStore, loading, type QueryStore } from '../query-store.ts';
import { changedElsewhere, type Noun } from './changes.ts';
import { onReturn } from './returns.ts';

/** A query that somebody shows. */
interface Shown {
  readonly noun: Noun;
  readonly store: QueryStore<unknown>;
  readonly listeners: Set<() => void>;
  readonly close: () => void;
}

interface Hub {
  readonly queries: Map<number, Shown>;
  stopWatching?: (() => void) | undefined;
}

// By client, so that nothing outlives it.
const hubs = new WeakMap<Client, Hub>();

function hubOf(client: Client): Hub {
  const hub = hubs.get(client) ?? { queries: new Map() };
  hubs.set(client, hub);
  return hub;
}

/** Sends every query again that shows one of these; what it shows stays meanwhile. */
export function askAgain(client: Client, nouns: readonly Noun[]): void {
  for (const { noun, store } of hubOf(client).queries.values()) if (nouns.includes(noun)) store.refetch();
}

/** One query, sent once for all who subscribe to the same. It is there from the first of them to the last. */
export function shareQuery<Data, Variables extends AnyVariables>(
  billing: BillingClient,
  noun: Noun,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): QueryStore<Data> {
  const { client } = billing;
  const { key } = createRequest(document, variables);
  const hub = hubOf(client);
  const storeNow = () => hub.queries.get(key)?.store as QueryStore<Data> | undefined;

  function open(): Shown {
    const store = createQueryStore(billing, document, variables);
    const listeners = new Set<() => void>();
    const stop = store.subscribe(() => listeners.forEach((listener) => listener()));
    const close = () => {
      // Not who left and came back in the same breath, as React does.
      if (listeners.size > 0 || storeNow() !== store) return;
      stop();
      hub.queries.delete(key);
      if (hub.queries.size > 0) return;
      hub.stopWatching?.();
      hub.stopWatching = undefined;
    };
    const shown = { noun, store, listeners, close };
    hub.queries.set(key, shown);
    hub.stopWatching ??= onReturn(createHost().page, () => askAgain(client, changedElsewhere));
    return shown;
  }

  function subscribe(listener: () => void) {
    const { listeners, close } = hub.queries.get(key) ?? open();
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      queueMicrotask(close);
    };
  }

  return { state: () => storeNow()?.state() ?? loading, subscribe, refetch: () => storeNow()?.refetch() };
}
