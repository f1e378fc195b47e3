import type { Tabs } from '../../client/session/host.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

/** A tab, as the others reach it. */
export interface Reach {
  /** Runs now, when its tab may run again, or never if that is gone. */
  run(act: () => void): void;
  /** Whether messages get to it, at once or later. */
  isListening(): boolean;
  isGone(): boolean;
}

interface Listener {
  readonly name: string;
  readonly reach: Reach;
  readonly hear: (message: unknown) => void;
  /** When the last message to it arrives: none overtakes another. */
  lastAtMs: number;
}

interface Turn {
  readonly reach: Reach;
  readonly begin: () => void;
}

export interface Siblings {
  tabsFor(reach: Reach): Tabs;
  channelCount(reach: Reach): number;
  /** The browser closes what a tab that is gone has left open. */
  forget(reach: Reach): void;
}

const longestMessageMs = 8;
const longestTurnWaitMs = 2_000;
/** What was posted is heard by everybody after this. */
const newsMs = longestMessageMs + 2;

/** The channels and locks that the tabs of one origin have in common. */
export function createSiblings(timeline: Timeline, random: Random): Siblings {
  const listeners = new Set<Listener>();
  const queues = new Map<string, Turn[]>();
  let lateAtMs = 0;

  function post(own: Listener, message: unknown) {
    const copy: unknown = structuredClone(message);
    for (const other of listeners) {
      if (other === own || other.name !== own.name || !other.reach.isListening()) continue;
      other.lastAtMs = Math.max(other.lastAtMs, timeline.nowMs() + 1 + random() * longestMessageMs);
      timeline.after(other.lastAtMs - timeline.nowMs(), () => {
        if (other.reach.isListening()) other.reach.run(() => listeners.has(other) && other.hear(copy));
      });
    }
  }

  function takeTurns(reach: Reach, name: string, run: () => Promise<void>): Promise<void> {
    const queue = queues.get(name) ?? [];
    queues.set(name, queue);
    return new Promise((resolve) => {
      let hasBegun = false;
      const begin = () => {
        if (hasBegun) return;
        hasBegun = true;
        timeline.cancel(impatience);
        const end = () => {
          timeline.after(newsMs, () => leave(queue, turn));
          resolve();
        };
        reach.run(() => void run().then(end, end));
      };
      const turn: Turn = { reach, begin };
      const impatience = timeline.after(longestTurnWaitMs, () => {
        lateAtMs = Math.max(lateAtMs, timeline.nowMs()) + newsMs;
        timeline.after(lateAtMs - timeline.nowMs(), begin);
      });
      queue.push(turn);
      if (queue[0] === turn) timeline.after(1, begin);
    });
  }

  function leave(queue: Turn[], turn: Turn) {
    const index = queue.indexOf(turn);
    if (index === -1) return;
    queue.splice(index, 1);
    if (index === 0) queue[0]?.begin();
  }

  return {
    tabsFor: (reach) => ({
      listen(name, hear) {
        const own: Listener = { name, reach, hear, lastAtMs: 0 };
        listeners.add(own);
        return { post: (message) => post(own, message), close: () => void listeners.delete(own) };
      },
      takeTurns: (name, run) => takeTurns(reach, name, run),
    }),
    channelCount: (reach) => [...listeners].filter((listener) => listener.reach === reach).length,
    forget(reach) {
      for (const listener of listeners) if (listener.reach === reach) listeners.delete(listener);
      for (const queue of queues.values()) {
        for (const turn of queue.filter((waiting) => waiting.reach === reach)) leave(queue, turn);
      }
    },
  };
}
