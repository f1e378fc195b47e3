import type { Host, Tabs, Wake } from '../../../client/session/host.ts';

interface Timer {
  dueMs: number;
  callback: () => void;
}

/** A machine whose time only goes on when told to, and everything that a session can see of it. */
export interface World {
  readonly host: Host;
  /** Lets this much time pass, timer by timer, and waits for whatever they set off. */
  advance(ms: number): Promise<void>;
  /** Resolves when this much time has passed. */
  pass(ms: number): Promise<void>;
  /** Waits for what is under way, without letting time pass. */
  settle(): Promise<void>;
  /** Someone sets the calendar; time itself does not change. */
  setCalendar(ms: number): void;
  /** Time passes on the calendar only: what sleep looks like to some browsers. */
  sleep(ms: number): void;
  readonly page: { isVisible: boolean; isOnline: boolean };
  wake(wake: Wake): Promise<void>;
  /** Another tab of the same browser, with a page of its own. */
  newTab(): Pick<World, 'host' | 'page' | 'wake'>;
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
  const listeners = new Set<unknown>();

  function setTimer(callback: () => void, delayMs: number) {
    const timer = { dueMs: nowMs + delayMs, callback };
    timers.add(timer);
    return timer;
  }

  const tabs = createTabs(setTimer);

  function newTab() {
    const own = new Set<(wake: Wake) => void>();
    const page = { isVisible: true, isOnline: true };
    const host: Host = {
      clock: { monotonicMs: () => nowMs, calendarMs: () => nowMs + calendarAheadMs },
      timers: { set: setTimer, clear: (timer) => void timers.delete(timer as Timer) },
      page: {
        isVisible: () => page.isVisible,
        isOnline: () => page.isOnline,
        onWake(listener) {
          own.add(listener);
          listeners.add(listener);
          return () => void (own.delete(listener), listeners.delete(listener));
        },
      },
      tabs,
      fetch,
      random,
    };
    const wake = async (reason: Wake) => {
      for (const listener of own) listener(reason);
      await settle();
    };
    return { host, page, wake };
  }

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
    ...newTab(),
    newTab,
    advance,
    settle,
    pass: (ms) => new Promise((resolve) => void setTimer(resolve, ms)),
    setCalendar: (ms) => (calendarAheadMs = ms - nowMs),
    sleep: (ms) => (calendarAheadMs += ms),
    timerCount: () => timers.size,
    listenerCount: () => listeners.size + tabs.listenerCount(),
    nowMs: () => nowMs,
  };
}

/** Channels that take a millisecond, and turns in the order of asking. */
function createTabs(setTimer: (callback: () => void, delayMs: number) => unknown): Tabs & { listenerCount(): number } {
  const channels = new Set<{ name: string; listener: (message: unknown) => void }>();
  const turns = new Map<string, Promise<void>>();
  return {
    listen(name, listener) {
      const own = { name, listener };
      channels.add(own);
      return {
        post(message) {
          const copy: unknown = structuredClone(message);
          for (const other of channels) {
            if (other === own || other.name !== name) continue;
            setTimer(() => channels.has(other) && other.listener(copy), 1);
          }
        },
        close: () => void channels.delete(own),
      };
    },
    takeTurns(name, run) {
      turns.set(name, (turns.get(name) ?? Promise.resolve()).then(run));
    },
    listenerCount: () => channels.size,
  };
}

const noFetch: typeof fetch = () => Promise.reject(new TypeError('There is no network in this test.'));
