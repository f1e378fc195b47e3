import { createContext, useContext, useSyncExternalStore } from 'react';

/** Where a request went: to the shop for a token, or to the billing service with one. */
export type Destination = 'shop' | 'service';

export interface Entry {
  readonly id: number;
  readonly at: Date;
  readonly tone: 'calm' | 'good' | 'bad';
  readonly title: string;
  readonly detail?: string | undefined;
  /** Set for a request that was answered. */
  readonly destination?: Destination | undefined;
  /** Set when a token came: as it may be shown. */
  readonly token?: string | undefined;
}

export interface Journal {
  entries(): readonly Entry[];
  add(entry: Omit<Entry, 'id' | 'at'>): void;
  subscribe(listener: () => void): () => void;
}

const mostEntries = 80;

/** What happened on this page, newest first. */
export function createJournal(): Journal {
  let entries: readonly Entry[] = [];
  let lastId = 0;
  const listeners = new Set<() => void>();
  return {
    entries: () => entries,
    add(entry) {
      lastId += 1;
      entries = [{ ...entry, id: lastId, at: new Date() }, ...entries].slice(0, mostEntries);
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export const JournalContext = createContext(createJournal());

export const useJournal = (): Journal => useContext(JournalContext);

export function useEntries(): readonly Entry[] {
  const { subscribe, entries } = useJournal();
  return useSyncExternalStore(subscribe, entries);
}
