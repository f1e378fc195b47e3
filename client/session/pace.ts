import { backoffMs, leadMs, longestRetryAfterMs, minuteMs } from './schedule.ts';

/** When the next ask may go out, by a clock that only grows: remembers tokens and failures, decides nothing else. */
export function createPace(nowMs: () => number, random: () => number) {
  let failures = 0;
  let lead = 0;
  let retryAtMs = 0;
  let openAtMs = 0;
  let waivableAtMs = 0;

  /** What made the last ask fail is over. */
  function hurry() {
    retryAtMs = 0;
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
    openAtMs = 0;
    waivableAtMs = nowMs() + minuteMs;
  }

  /** @param remainingMs what the token has left; `-Infinity` without one. */
  const untilNextAskMs = (remainingMs: number) => Math.max(remainingMs - lead, Math.max(retryAtMs, openAtMs) - nowMs());

  return [untilNextAskMs, received, failed, hurry, insist, holdBack] as const;
}
