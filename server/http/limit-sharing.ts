import type { Logger } from '../log.ts';
import type { SharedCounts } from '../rate-limit-rows.ts';
import { type Use, windowSeconds } from './limiter.ts';

interface LimitSharingOptions {
  readonly sharedCounts: SharedCounts;
  readonly logger: Logger;
}

const everyMs = 1_000;

/**
 * Makes limits hold for all processes together, beside requests: once a second each adds what it counted to the sums in the
 * database, one statement for all of it, and refuses by itself whatever has used up its limit. Without the database each
 * process goes on with its own count.
 */
export function createLimitSharing({ sharedCounts, logger }: LimitSharingOptions) {
  let untold = new Map<string, Use>();
  let timer: NodeJS.Timeout | undefined;
  let sharing: Promise<void> | undefined;

  async function shareNow(): Promise<void> {
    const uses = untold;
    if (uses.size === 0) return;
    untold = new Map();
    const counts = [...uses].map(([key, { points }]) => ({ key, points }));
    for (const { key, points, endsInMs } of await sharedCounts.add(counts, windowSeconds)) {
      const use = uses.get(key);
      if (use && points >= use.limit && endsInMs > 0) await use.hold(endsInMs);
    }
  }

  /** What could not be written is forgotten: later it would count for a minute that has passed. */
  const share = (): Promise<void> =>
    (sharing ??= shareNow()
      .catch((error: unknown) => logger.warn({ err: error }, 'rate limits were not shared'))
      .finally(() => (sharing = undefined)));

  return {
    /** `name` keeps the subjects of one limit apart from those of another. */
    noteFor:
      (name: string) =>
      (use: Use): void => {
        const key = `${name} ${use.subject}`;
        untold.set(key, { ...use, points: use.points + (untold.get(key)?.points ?? 0) });
      },

    share,

    start(): void {
      timer = setInterval(() => void share(), everyMs).unref();
    },

    async stop(): Promise<void> {
      clearInterval(timer);
      await sharing;
      await share();
    },
  };
}
