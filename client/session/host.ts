/** Two readings of time: the first cannot be set by anyone but may stop in sleep, the second is the other way round. */
export interface Clock {
  monotonicMs(): number;
  calendarMs(): number;
}

export interface Timers {
  set(callback: () => void, delayMs: number): unknown;
  clear(timer: unknown): void;
}

/** `online`: the network came back. `shown`: the page may have slept, or its timers were held back. */
export type Wake = 'online' | 'shown';

export interface Page {
  isVisible(): boolean;
  isOnline(): boolean;
  /** @returns what stops it. */
  onWake(listener: (wake: Wake) => void): () => void;
}

/** All that a session takes from where it runs; a test hands in its own. */
export interface Host {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly page: Page;
  readonly fetch: typeof fetch;
  /** At least 0, below 1. */
  random(): number;
}

const wakeEvents = ['online', 'focus', 'pageshow', 'visibilitychange'];

const browserPage: Page = {
  isVisible: () => document.visibilityState !== 'hidden',
  isOnline: () => navigator.onLine,
  onWake(listener) {
    const wake = ({ type }: Event) => listener(type === 'online' ? type : 'shown');
    for (const type of wakeEvents) addEventListener(type, wake);
    return () => {
      for (const type of wakeEvents) removeEventListener(type, wake);
    };
  },
};

// Node, workers: nothing sleeps, nothing is hidden.
const noPage: Page = { isVisible: () => true, isOnline: () => true, onWake: () => () => {} };

/** The browser, or any other runtime with `fetch`. */
export function createHost(): Host {
  return {
    clock: { monotonicMs: () => performance.now(), calendarMs: () => Date.now() },
    timers: {
      set: (callback, delayMs) => setTimeout(callback, delayMs),
      clear: (timer) => clearTimeout(timer as number),
    },
    page: typeof document === 'undefined' ? noPage : browserPage,
    // Looked up late: whoever wraps `fetch` after us (tracing, a test) is asked, too.
    fetch: (input, init) => fetch(input, init),
    random: () => Math.random(),
  };
}
