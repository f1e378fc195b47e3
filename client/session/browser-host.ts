import type { Host, Page, Tabs } from './host.ts';

const longestTurnMs = 2_000;
const wakeEvents = ['online', 'focus', 'pageshow', 'visibilitychange', 'resume'];

// In Node and in workers nothing of this is there: nothing sleeps, nothing is hidden.
const { document, navigator } = globalThis as { document?: Document; navigator?: Navigator };

const page: Page = {
  isVisible: () => document?.visibilityState !== 'hidden',
  isOnline: () => navigator?.onLine !== false,
  onWake(listener) {
    const wake = ({ type, persisted }: Event & { persisted?: boolean }) =>
      listener(type === 'online' ? type : persisted ? 'restored' : 'shown');
    for (const type of wakeEvents) globalThis.addEventListener?.(type, wake, true);
    return () => {
      for (const type of wakeEvents) globalThis.removeEventListener?.(type, wake, true);
    };
  },
};

const tabs: Tabs = {
  listen(name, listener) {
    const channel = new BroadcastChannel(name);
    channel.addEventListener('message', ({ data }) => listener(data));
    return {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel reaches its own origin only
      post: (message) => channel.postMessage(message),
      close: () => channel.close(),
    };
  },
  // Not there on pages without https. What is run never fails, so that only the lock does.
  takeTurns: (name, run) =>
    navigator?.locks?.request(name, { signal: AbortSignal.timeout(longestTurnMs) }, run).catch(run) ?? run(),
};

/** The browser, or any other runtime with `fetch`. */
export const createHost = (): Host => ({
  clock: { monotonicMs: () => performance.timeOrigin + performance.now(), calendarMs: () => Date.now() },
  timers: {
    set: (callback, delayMs) => setTimeout(callback, delayMs),
    clear: (timer) => clearTimeout(timer as number),
  },
  page,
  tabs: document && tabs,
  // Looked up late: whoever wraps `fetch` after us (tracing, a test) is asked, too.
  fetch: (input, init) => fetch(input, init),
  random: () => Math.random(),
});
