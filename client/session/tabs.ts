import type { HeldToken, Instant } from './life.ts';

/**
 * What one tab tells the others: all that it knows, so that neither the order nor the loss of messages matters. Its moments are those of
 * its own monotonic clock; `-Infinity` is never. It tells them with what both clocks show: the calendar is the one that all have in common.
 */
export interface News extends Instant {
  /** Its newest token, if that was not refused. */
  readonly held: HeldToken | undefined;
  /** When any of them last asked, as far as it knows: nobody asks within the gap after that. */
  readonly askedAtMs: number;
  /** When somebody last signed out. */
  readonly signedOutAtMs: number;
  /** It was opened just now, and wants to be told. */
  readonly isNew: boolean | undefined;
}

/** How long a tab that was opened just now listens before it asks. */
export const listenMs = 50;

/** What two tabs do within this time may be told in either order. */
export const skewMs = 1_000;

/** Tabs of one group share one token. The number stands for the shape of `News`: other versions do not understand it. */
export const channelOf = (group: string | undefined) => `billingos:1:${group}`;
