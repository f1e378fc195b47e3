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
  /** The app wants it now. The gap is waived once a minute, so that an app that always wants it now cannot storm its own server. */
  insist(): void;
  untilNextAskMs(state: SessionState): number;
}

const waiverGapMs = 60_000;

export function createPace({ clock, random }: Pick<Host, 'clock' | 'random'>): Pace {
  let failures = 0;
  let lead = 0;
  let retryAtMs = -Infinity;
  let openAtMs = -Infinity;
  let waivableAtMs = -Infinity;

  return {
    asked() {
      openAtMs = clock.monotonicMs() + minimumGapMs;
    },
    received(lifetimeMs) {
      failures = 0;
      retryAtMs = -Infinity;
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
      const nowMs = clock.monotonicMs();
      retryAtMs = -Infinity;
      if (nowMs < waivableAtMs) return;
      openAtMs = -Infinity;
      waivableAtMs = nowMs + waiverGapMs;
    },
    untilNextAskMs(state) {
      const now = instantOf(clock);
      const wantedInMs = state.kind === 'ready' ? remainingMs(state.life, now) - lead : 0;
      return Math.max(wantedInMs, retryAtMs - now.monotonicMs, openAtMs - now.monotonicMs);
    },
  };
}
