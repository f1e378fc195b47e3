/** Where time comes from. */
export interface Clock {
  /** Milliseconds since the epoch: for moments that leave the process. */
  now(): number;
  /** Milliseconds that only ever grow: for durations inside the process. */
  monotonic(): number;
}

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };
