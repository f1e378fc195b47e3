import type { Tabs } from '../../client/session/host.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

/** A tab, as the others reach it. */
export interface Reach {
  /** Runs now, when its tab may run again, or never if that is gone. */
  run(act: () => void): void;
  /** Whether messages get to it, at once or later. */
  isListening(): boolean;
}

interface Listener {
  readonly name: string;
  readonly reach: Reach;
  readonly hear: (message: unknown) => void;
  /** When the last message to it arrives: none overtakes another. */
  lastAtMs: number;
}

/** Somebody who waits for a lock, or has it: then it is first in its queue. */
interface Claim {
  readonly reach: Reach;
  readonly grant: () => void;
  /** Its turn was taken elsewhere, and is over. */
  isSpent: boolean;
}

export interface Siblings {
  tabsFor(reach: Reach): Tabs;
  channelCount(reach: Reach): number;
  /** Whether it holds a lock, or waits for one: `late` for the one that is for those who waited in vain before, `spent` when its turn is over. */
  claimOf(reach: Reach): 'none' | 'spent' | 'first' | 'late';
  /** The browser closes what a tab that is gone has left open. */
  forget(reach: Reach): void;
}

const lateSuffix = ':late';
const longestMessageMs = 8;
const longestWaitMs = 2_000;
/** A lock is held so much longer, so that all hear what was posted meanwhile. */
const newsMs = 50;

/** The channels and locks that the tabs of one origin have in common. */
export function createSiblings(timeline: Timeline, random: Random): Siblings {
  const listeners = new Set<Listener>();
  const queues = new Map<string, Claim[]>();

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

  /** As `navigator.locks` does it. */
  function lock(reach: Reach, name: string, act: () => unknown) {
    const queue = queues.get(name) ?? [];
    queues.set(name, queue);
    const runAndWait = async () => {
      await act();
      timeline.after(newsMs, () => reach.run(() => leave(queue, claim)));
    };
    const claim: Claim = { reach, grant: () => reach.run(() => void runAndWait()), isSpent: false };
    queue.push(claim);
    if (queue[0] === claim) timeline.after(1, claim.grant);
    return claim;
  }

  /** As our host in browsers does it. */
  function takeTurns(reach: Reach, name: string, run: () => Promise<void>) {
    let turn: Promise<void> | undefined;
    const once = () => (turn ??= run().finally(() => (place.isSpent = true)));
    const beLate = () => {
      if (turn) return;
      timeline.after(longestWaitMs, () => reach.run(() => void once()));
      lock(reach, name + lateSuffix, () => news(reach).then(() => void once()));
    };
    timeline.after(longestWaitMs, () => reach.run(beLate));
    const place = lock(reach, name, once);
  }

  const news = (reach: Reach) => new Promise<void>((resolve) => timeline.after(newsMs, () => reach.run(resolve)));

  function leave(queue: Claim[], claim: Claim) {
    const index = queue.indexOf(claim);
    if (index === -1) return;
    queue.splice(index, 1);
    if (index === 0) queue[0]?.grant();
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
    claimOf(reach) {
      const own = [...queues].flatMap(([name, queue]) =>
        queue.filter((claim) => claim.reach === reach).map(({ isSpent }) => ({ name, isSpent })),
      );
      const waiting = own.filter(({ isSpent }) => !isSpent);
      if (waiting.some(({ name }) => name.endsWith(lateSuffix))) return 'late';
      return waiting.length > 0 ? 'first' : own.length > 0 ? 'spent' : 'none';
    },
    channelCount: (reach) => [...listeners].filter((listener) => listener.reach === reach).length,
    forget(reach) {
      for (const listener of listeners) if (listener.reach === reach) listeners.delete(listener);
      for (const queue of queues.values()) {
        for (const claim of queue.filter((waiting) => waiting.reach === reach)) leave(queue, claim);
      }
    },
  };
}
