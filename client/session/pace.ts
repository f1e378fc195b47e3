import { instantOf, remainingMs } from './life.ts';
import type { Host } from './host.ts';
import { backoffMs, leadMs, minimumGapMs } from './schedule.ts';
import type { SessionState } from './state.ts';

/** When the next ask may go out: remembers asks and failures, decides nothing else. */
export interface Pace {
  asked(): void;
  received(lifetimeMs: number): void;
  failed(retryAfterSeconds: number | undefined): void;
  /** What made the last ask fail is over. */
  hurry(): void;
  /** The app wants it now. The gap is waived once, so that an app that always wants it now cannot storm its own server. */
  insist(): void;
  untilNextAskMs(state: SessionState): number;
}

export function createPace({ clock, random }: Pick<Host, 'clock' | 'random'>): Pace {
  let failures = 0;
  let lead = 0;
  let retryAtMs = -Infinity;
  let openAtMs = -Infinity;
  let isInsisting = false;

  return {
    asked() {
      openAtMs = clock.monotonicMs() + minimumGapMs;
    },
    received(lifetimeMs) {
      failures = 0;
      isInsisting = false;
      lead = leadMs(lifetimeMs, random());
    },
    failed(retryAfterSeconds) {
      failures += 1;
      retryAtMs = clock.monotonicMs() + backoffMs(failures, random(), retryAfterSeconds);
    },
    hurry() {
      retryAtMs = -Infinity;
    },
    insist() {
      failures = 0;
      retryAtMs = -Infinity;
      if (!isInsisting) openAtMs = -Infinity;
      isInsisting = true;
    },
    untilNextAskMs(state) {
      const now = instantOf(clock);
      return Math.max(wantedInMs(state, now), openAtMs - now.monotonicMs);
    },
  };

  function wantedInMs(state: SessionState, now: ReturnType<typeof instantOf>): number {
    if (state.kind === 'offline' || state.kind === 'backingOff') return retryAtMs - now.monotonicMs;
    if (state.kind === 'ready') return remainingMs(state.life, now) - lead;
    return 0;
  }
}
