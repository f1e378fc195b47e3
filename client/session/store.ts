/**
 * A state that is changed by events only.
 * @returns the state, the same object until something changes; what dispatches an event; and what calls back after each change until
 * its result is called. What a listener throws is reported by the runtime and stops nothing.
 */
export function createStore<State, Event>(initial: State, transition: (state: State, event: Event) => State) {
  let current = initial;
  const listeners = new Set<() => void>();

  const state = () => current;

  function dispatch(event: Event) {
    const next = transition(current, event);
    if (next === current) return;
    current = next;
    for (const listener of listeners) {
      try {
        listener();
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  function subscribe(listener: () => void) {
    // Wrapped, so that one function subscribed twice is called twice and stopped once each.
    const own = () => listener();
    listeners.add(own);
    return () => void listeners.delete(own);
  }

  return [state, dispatch, subscribe] as const;
}
