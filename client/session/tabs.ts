import type { HeldToken } from './life.ts';

/** What one tab tells the others: all that it knows, so that neither the order nor the loss of messages matters. */
export interface News {
  /** Its newest token, if that was not refused. */
  readonly held: HeldToken | undefined;
  /** Nobody asks within this time. */
  readonly heldBackMs: number;
  /** When somebody last signed out; `-Infinity` for never. */
  readonly signedOutAtMs: number;
  /** It was opened just now, and wants to be told. */
  readonly isNew: boolean;
}

/** How long a tab that was opened just now listens before it asks. */
export const listenMs = 50;

// The clocks of two tabs differ by less; more is a clock that somebody set.
const skewMs = 1_000;

/** Tabs of one group share one token. The number stands for the shape of `News`: other versions do not understand it. */
export const channelOf = (group: string | undefined) => `billingos:1:${group}`;

/** Whether another tab's moment is news: after all that this tab knows, and not in the future. */
export const isNews = (atMs: number, knownMs: number, nowMs: number) => knownMs < atMs && atMs < nowMs + skewMs;
