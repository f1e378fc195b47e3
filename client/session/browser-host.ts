import type { Host, Page, Tabs } from './host.ts';

const longestTurnMs = 2_000;
const wakeEvents = ['online', 'focus', 'pageshow', 'visibilitychange', 'resume'];

const browserPage: Page = {
  isVisible: () => document.visibilityState !== 'hidden',
  isOnline: () => navigator.onLine,
  onWake(listener) {
    const wake = ({ type, persisted }: Event & { persisted?: boolean }) =>
      listener(type === 'online' ? type : persisted ? 'restored' : 'shown');
    for (const type of wakeEvents) addEventListener(type, wake, true);
    return () => {
      for (const type of wakeEvents) removeEventListener(type, wake, true);
    };
  },
};

// Node, workers: nothing sleeps, nothing is hidden.
const noPage: Page = { isVisible: () => true, isOnline: () => true, onWake: () => () => {} };

const browserTabs: Tabs = {
  listen(name, listener) {
    const channel = new BroadcastChannel(name);
    channel.onmessage = ({ data }) => listener(data);
    return { post: (message) => channel.postMessage(message), close: () => channel.close() };
  },
  // Not there on pages without https. What is run never fails, so that only the lock does.
  takeTurns: (name, run) =>
    navigator.locks?.request(name, { signal: AbortSignal.timeout(longestTurnMs) }, run).catch(run) ?? run(),
};

/** The browser, or any other runtime with `fetch`. */
export function createHost(): Host {
  const hasPage = typeof document !== 'undefined';
  return {
    clock: { monotonicMs: () => performance.timeOrigin + performance.now(), calendarMs: () => Date.now() },
    timers: {
      set: (callback, delayMs) => setTimeout(callback, delayMs),
      clear: (timer) => clearTimeout(timer as number),
    },
    page: hasPage ? browserPage : noPage,
    tabs: hasPage && typeof BroadcastChannel !== 'undefined' ? browserTabs : undefined,
    // Looked up late: whoever wraps `fetch` after us (tracing, a test) is asked, too.
    fetch: (input, init) => fetch(input, init),
    random: () => Math.random(),
  };
}
