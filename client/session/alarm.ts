import type { Timers } from './host.ts';

// A browser's timer overflows at 2^31 ms and may stop in sleep: a minute at a time, whoever is called looks at the clock again.
export const longestTimerMs = 60_000;

export interface Alarm {
  /** Calls back after the delay or after a minute, whichever is less; what was set before is forgotten. */
  set(delayMs: number, callback: () => void): void;
  clear(): void;
}

/** One timer that is never left behind. */
export function createAlarm(timers: Timers): Alarm {
  let timer: unknown;
  const clear = () => {
    if (timer !== undefined) timers.clear(timer);
    timer = undefined;
  };
  return {
    clear,
    set(delayMs, callback) {
      clear();
      // Rounded up: browsers round down, and would call just before it is time.
      timer = timers.set(
        () => {
          timer = undefined;
          callback();
        },
        Math.min(Math.ceil(delayMs), longestTimerMs),
      );
    },
  };
}
