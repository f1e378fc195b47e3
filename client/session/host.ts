/** Two readings of time: the first cannot be set by anyone but may stop in sleep, the second is the other way round. */
export interface Clock {
  /** Milliseconds that only grow. */
  monotonicMs(): number;
  calendarMs(): number;
}

export interface Timers {
  set(callback: () => void, delayMs: number): unknown;
  clear(timer: unknown): void;
}

/** `online`: the network came back. `shown`: the page may have slept. `restored`: it left, and comes back from the back-forward cache. */
export type Wake = 'online' | 'shown' | 'restored';

export interface Page {
  isVisible(): boolean;
  isOnline(): boolean;
  /** @returns what stops it. */
  onWake(listener: (wake: Wake) => void): () => void;
}

export interface Channel {
  /** To every other tab that listens under this name; never to this one. */
  post(message: unknown): void;
  close(): void;
}

/** The tabs of this origin, this one among them. Everything stays in memory. */
export interface Tabs {
  /** `undefined` where the browser does not let them talk. */
  listen(name: string, listener: (message: unknown) => void): Channel | undefined;
  /**
   * Runs once, alone among the tabs, when all have heard what the one before posted. Whoever waited for two seconds runs all the same, one
   * after the other has begun: good for saving work, never for being right.
   */
  takeTurns(name: string, run: () => Promise<void>): void;
}

/** All that a session takes from where it runs; a test hands in its own. */
export interface Host {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly page: Page;
  /** Left out where there are no other tabs. */
  readonly tabs?: Tabs | undefined;
  readonly fetch: typeof fetch;
  /** At least 0, below 1. */
  random(): number;
}
