import { backoffMs, leadMs, longestRetryAfterMs, minuteMs } from './schedule.ts';

/** When the next ask may go out, by a clock that only grows: remembers tokens and failures, decides nothing else. */
export function createPace(nowMs: () => number, random: () => number) {
  let failures = 0;
  let lead = 0;
  let retryAtMs = -Infinity;
  let openAtMs = -Infinity;
  let waivableAtMs = -Infinity;

  /** What made the last ask fail is over. */
  function hurry() {
    retryAtMs = -Infinity;
  }

  /** Nobody asks before that, whatever they want, for up to five minutes. */
  function holdBack(untilMs: number) {
    if (untilMs > openAtMs) openAtMs = Math.min(untilMs, nowMs() + longestRetryAfterMs);
  }

  function received(lifetimeMs: number) {
    failures = 0;
    hurry();
    lead = leadMs(lifetimeMs, random());
  }

  function failed(retryAfterSeconds = 0) {
    failures += 1;
    retryAtMs = nowMs() + backoffMs(failures, random());
    holdBack(nowMs() + retryAfterSeconds * 1000);
  }

  /** The app wants it now. What holds back is waived once a minute, so that an app that always wants it now cannot storm its own server. */
  function insist() {
    hurry();
    if (nowMs() < waivableAtMs) return;
    openAtMs = -Infinity;
    waivableAtMs = nowMs() + minuteMs;
  }

  /** @param remainingMs what the token has left; `-Infinity` without one. */
  const untilNextAskMs = (remainingMs: number) => Math.max(remainingMs - lead, Math.max(retryAtMs, openAtMs) - nowMs());

  return [untilNextAskMs, received, failed, hurry, insist, holdBack] as const;
}
