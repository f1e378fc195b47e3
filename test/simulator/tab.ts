import type { Host, Wake } from '../../client/session/host.ts';
import type { Machine } from './machine.ts';
import type { Network } from './network.ts';
import type { Random } from './random.ts';
import type { Reach, Siblings } from './siblings.ts';
import type { Happening, Timeline } from './timeline.ts';

/** `cached`: left, and kept in the browser's back-forward cache. `frozen`: held still by the browser to save power. */
export type TabState = 'visible' | 'hidden' | 'frozen' | 'cached' | 'closed';

export interface Tab {
  /** What a session takes from where it runs. */
  readonly host: Host;
  state(): TabState;
  /** Moves it from one state to another, with the events that a page gets to see. */
  become(state: Exclude<TabState, 'closed'>): void;
  /** Closes it without a word to its page, as browsers do. */
  close(): void;
  /** Runs now, or when the tab may run again; never after it was closed. */
  run(act: () => void): void;
  /** Whether it holds a lock, or waits for one: `late` for the one that is for those who waited in vain before. */
  claim(): ReturnType<Siblings['claimOf']>;
  /** What the page has not given back. */
  leftOver(): { readonly timers: number; readonly listeners: number; readonly channels: number };
}

interface TabOptions {
  readonly timeline: Timeline;
  readonly machine: Machine;
  readonly network: Network;
  readonly siblings: Siblings;
  readonly random: Random;
}

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
  happening: Happening | undefined;
}

/** After this long hidden, browsers let timers fire once a minute. */
const throttledAfterMs = 300_000;
const throttleMs = 60_000;

export function createTab({ timeline, machine, network, siblings, random }: TabOptions): Tab {
  const timers = new Set<Timer>();
  const wakeListeners = new Set<(wake: Wake) => void>();
  let state: TabState = 'visible';
  let hiddenSinceMs = 0;
  let wasCached = false;
  let held: (() => void)[] = [];

  const isRunning = () => state === 'visible' || state === 'hidden';
  const claim = () => siblings.claimOf(reach);
  const reach: Reach = {
    run(act) {
      machine.whenAwake(() => {
        if (isRunning()) act();
        else if (state !== 'closed') held.push(act);
      });
    },
    isListening: () => state !== 'closed' && state !== 'cached',
  };

  function wake(reason: Wake) {
    reach.run(() => wakeListeners.forEach((listener) => listener(reason)));
  }

  machine.onChange((change) => {
    if (state === 'closed') return;
    if (change === 'online') wake('online');
    if (change === 'awake' && state === 'visible') wake('shown');
  });

  function plan(timer: Timer, delayMs: number) {
    timer.happening = timeline.after(delayMs, () => reach.run(() => fire(timer)));
  }

  function fire(timer: Timer) {
    if (!timers.has(timer)) return;
    // A clock that stood still in sleep is late.
    const lateMs = timer.dueMs - machine.monotonicMs();
    if (lateMs > 0) return plan(timer, lateMs);
    timers.delete(timer);
    timer.callback();
  }

  function setTimer(callback: () => void, delayMs: number): Timer {
    const isThrottled = state === 'hidden' && timeline.nowMs() - hiddenSinceMs > throttledAfterMs;
    const dueMs = machine.monotonicMs() + Math.max(0, Math.ceil(delayMs));
    const timer = {
      callback,
      dueMs: isThrottled ? Math.ceil(dueMs / throttleMs) * throttleMs : dueMs,
      happening: undefined,
    };
    timers.add(timer);
    plan(timer, timer.dueMs - machine.monotonicMs());
    return timer;
  }

  function clearTimer(timer: Timer | undefined) {
    if (!timer || !timers.delete(timer)) return;
    if (timer.happening) timeline.cancel(timer.happening);
  }

  return {
    state: () => state,
    run: reach.run,
    claim,
    host: {
      clock: machine,
      timers: { set: setTimer, clear: (timer) => clearTimer(timer as Timer | undefined) },
      page: {
        isVisible: () => state === 'visible',
        isOnline: machine.isOnline,
        onWake(listener) {
          wakeListeners.add(listener);
          return () => void wakeListeners.delete(listener);
        },
      },
      tabs: siblings.tabsFor(reach),
      fetch: network.fetchFor(reach),
      random,
    },
    become(next) {
      const before = state;
      if (before === 'closed' || before === next) return;
      // Browsers hold nobody still whom others wait for.
      if ((next === 'frozen' || next === 'cached') && claim() !== 'none') return;
      state = next;
      wasCached ||= before === 'cached';
      if (next === 'hidden') hiddenSinceMs = timeline.nowMs();
      if (!isRunning()) return;
      const waiting = held;
      held = [];
      if (wasCached) wake('restored');
      wasCached = false;
      for (const act of waiting) timeline.after(0, () => reach.run(act));
      if (next === 'visible') wake('shown');
    },
    close() {
      state = 'closed';
      held = [];
      siblings.forget(reach);
      for (const timer of timers) clearTimer(timer);
    },
    leftOver: () => ({
      timers: timers.size,
      listeners: wakeListeners.size,
      channels: siblings.channelCount(reach),
    }),
  };
}
