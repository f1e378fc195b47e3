import { backoffMs, leadMs, retryAfterMs } from './schedule.ts';

/** When the next ask may go out, by a clock that only grows: remembers tokens and failures, decides nothing else. */
export interface Pace {
  received(lifetimeMs: number): void;
  failed(retryAfterSeconds: number | undefined): void;
  /** What made the last ask fail is over. */
  hurry(): void;
  /** The app wants it now. What holds back is waived once a minute, so that an app that always wants it now cannot storm its own server. */
  insist(): void;
  /** Nobody asks within this time, whatever they want. */
  holdBack(delayMs: number): void;
  heldBackMs(): number;
  /** @param remainingMs what the token has left; `-Infinity` without one. */
  untilNextAskMs(remainingMs: number): number;
}

const waiverGapMs = 60_000;

export function createPace(nowMs: () => number, random: () => number): Pace {
  let failures = 0;
  let lead = 0;
  let retryAtMs = -Infinity;
  let openAtMs = -Infinity;
  let waivableAtMs = -Infinity;

  const heldBackMs = () => openAtMs - nowMs();

  function holdBack(delayMs: number) {
    openAtMs = Math.max(openAtMs, nowMs() + delayMs);
  }

  function hurry() {
    retryAtMs = -Infinity;
  }

  return {
    hurry,
    holdBack,
    heldBackMs,
    received(lifetimeMs) {
      failures = 0;
      hurry();
      lead = leadMs(lifetimeMs, random());
    },
    failed(retryAfterSeconds) {
      failures += 1;
      retryAtMs = nowMs() + backoffMs(failures, random());
      holdBack(retryAfterMs(retryAfterSeconds));
    },
    insist() {
      hurry();
      if (nowMs() < waivableAtMs) return;
      openAtMs = -Infinity;
      waivableAtMs = nowMs() + waiverGapMs;
    },
    untilNextAskMs: (remainingMs) => Math.max(remainingMs - lead, retryAtMs - nowMs(), heldBackMs()),
  };
}
