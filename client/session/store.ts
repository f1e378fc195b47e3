export interface Store<State, Event> {
  /** The same object until something changes. */
  readonly state: () => State;
  readonly dispatch: (event: Event) => void;
  /** Calls back after each change; what a listener throws is reported by the runtime and stops nothing. @returns what stops it. */
  readonly subscribe: (listener: () => void) => () => void;
}

export function createStore<State, Event>(
  initial: State,
  transition: (state: State, event: Event) => State,
): Store<State, Event> {
  let state = initial;
  const listeners = new Set<() => void>();
  return {
    state: () => state,
    dispatch(event) {
      const next = transition(state, event);
      if (next === state) return;
      state = next;
      for (const listener of listeners) call(listener);
    },
    subscribe(listener) {
      // Wrapped, so that one function subscribed twice is called twice and stopped once each.
      const own = () => listener();
      listeners.add(own);
      return () => listeners.delete(own);
    },
  };
}

function call(listener: () => void) {
  try {
    listener();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
