import type { Host, Page, Tabs } from './host.ts';

const longestWaitMs = 2_000;
/** What a tab has told is heard by the others when the next one's turn comes. */
const newsMs = 50;
const wakeEvents = ['online', 'focus', 'pageshow', 'visibilitychange'];

// In Node and in workers nothing of this is there: nothing sleeps, nothing is hidden.
const { document, navigator } = globalThis as { document?: Document; navigator?: Navigator };

const page: Page = {
  isVisible: () => document?.visibilityState !== 'hidden',
  isOnline: () => navigator?.onLine !== false,
  onWake(listener) {
    const wake = ({ type, persisted }: Event & { persisted?: boolean }) =>
      listener(type === 'online' ? type : persisted ? 'restored' : 'shown');
    for (const type of wakeEvents) globalThis.addEventListener?.(type, wake);
    return () => {
      for (const type of wakeEvents) globalThis.removeEventListener?.(type, wake);
    };
  },
};

const tabs: Tabs = {
  listen(name, listener) {
    let channel: BroadcastChannel;
    try {
      channel = new BroadcastChannel(name);
    } catch {
      // Some browsers forbid it where they forbid cookies.
      return undefined;
    }
    channel.addEventListener('message', ({ data }) => listener(data));
    return {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel reaches its own origin only
      post: (message) => channel.postMessage(message),
      close: () => channel.close(),
    };
  },
  takeTurns(name, run) {
    let turn: unknown;
    const once = () => (turn ??= run());
    // It keeps its place in the queue meanwhile, so that nobody behind it begins at the same moment.
    setTimeout(() => {
      if (turn) return;
      // Begun only now: after a sleep, both times are over at once.
      setTimeout(once, longestWaitMs);
      lock(`${name}:late`, async () => {
        await pause();
        once();
      });
    }, longestWaitMs);
    lock(name, once);
  },
};

const pause = () => new Promise((resolve) => setTimeout(resolve, newsMs));

// Locks are not there on pages without https. What is run never fails, so that only the lock does.
const lock = (name: string, act: () => unknown) =>
  navigator?.locks
    ?.request(name, async () => {
      await act();
      // A hidden page would be late.
      if (page.isVisible()) await pause();
    })
    .catch(act) ?? act();

/** The browser, or any other runtime with `fetch`. */
export const createHost = (): Host => ({
  clock: { monotonicMs: () => performance.now(), calendarMs: () => Date.now() },
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
