import type { Host, Wake } from '../../../client/session/host.ts';

interface Timer {
  dueMs: number;
  callback: () => void;
}

/** A machine whose time only goes on when told to, and everything that a session can see of it. */
export interface World {
  readonly host: Host;
  /** Lets this much time pass, timer by timer, and waits for whatever they set off. */
  advance(ms: number): Promise<void>;
  /** Waits for what is under way, without letting time pass. */
  settle(): Promise<void>;
  /** Someone sets the calendar; time itself does not change. */
  setCalendar(ms: number): void;
  /** Time passes on the calendar only: what sleep looks like to some browsers. */
  sleep(ms: number): void;
  readonly page: { isVisible: boolean; isOnline: boolean };
  wake(wake: Wake): Promise<void>;
  timerCount(): number;
  listenerCount(): number;
  nowMs(): number;
}

export interface WorldOptions {
  readonly fetch?: typeof fetch;
  readonly random?: () => number;
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

export function createWorld({ fetch = noFetch, random = () => 0.5 }: WorldOptions = {}): World {
  let nowMs = 0;
  let calendarAheadMs = 1_800_000_000_000;
  const timers = new Set<Timer>();
  const listeners = new Set<(wake: Wake) => void>();
  const page = { isVisible: true, isOnline: true };

  const host: Host = {
    clock: { monotonicMs: () => nowMs, calendarMs: () => nowMs + calendarAheadMs },
    timers: {
      set(callback, delayMs) {
        const timer = { dueMs: nowMs + delayMs, callback };
        timers.add(timer);
        return timer;
      },
      clear: (timer) => void timers.delete(timer as Timer),
    },
    page: {
      isVisible: () => page.isVisible,
      isOnline: () => page.isOnline,
      onWake(listener) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
    fetch,
    random,
  };

  async function advance(ms: number) {
    const endMs = nowMs + ms;
    for (;;) {
      await settle();
      const [next] = [...timers].filter(({ dueMs }) => dueMs <= endMs).toSorted((a, b) => a.dueMs - b.dueMs);
      if (!next) break;
      timers.delete(next);
      nowMs = Math.max(nowMs, next.dueMs);
      next.callback();
    }
    nowMs = endMs;
    await settle();
  }

  return {
    host,
    advance,
    settle,
    page,
    setCalendar: (ms) => (calendarAheadMs = ms - nowMs),
    sleep: (ms) => (calendarAheadMs += ms),
    async wake(wake) {
      for (const listener of listeners) listener(wake);
      await settle();
    },
    timerCount: () => timers.size,
    listenerCount: () => listeners.size,
    nowMs: () => nowMs,
  };
}

const noFetch: typeof fetch = () => Promise.reject(new TypeError('There is no network in this test.'));
