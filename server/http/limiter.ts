import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { ApiError } from '../../schema/errors.ts';

/** What a subject used of its limit since it was last told, and how to refuse that subject here for a while. */
export interface Use {
  readonly subject: string;
  readonly points: number;
  readonly limit: number;
  hold(ms: number): Promise<unknown>;
}

export interface Limiter {
  /** Throws RATE_LIMITED, with the time to wait, once the limit is used up. */
  count(subject: string): Promise<void>;
  /** Throws the same without counting. */
  refuseIfUsedUp(subject: string): Promise<void>;
}

interface LimiterOptions {
  /** 0 is no limit. */
  readonly limitPerMinute: number;
  /** Told of subjects that come near their limit; nothing is noted of all the others. */
  readonly onUse?: ((use: Use) => void) | undefined;
  readonly onRefused: () => void;
}

export const windowSeconds = 60;
/** Below this part of the limit a subject is no concern of other processes: they would be told of every customer. */
const nearLimit = 0.1;

/** Counts in this process how often each subject comes in a minute. */
export function createLimiter({ limitPerMinute, onUse, onRefused }: LimiterOptions): Limiter {
  if (limitPerMinute === 0) return { count: async () => undefined, refuseIfUsedUp: async () => undefined };

  const memory = new RateLimiterMemory({ points: limitPerMinute, duration: windowSeconds });
  const toldFrom = Math.max(1, Math.floor(limitPerMinute * nearLimit));

  function refuse(reason: unknown): never {
    if (!(reason instanceof RateLimiterRes)) throw reason;
    onRefused();
    throw new ApiError('RATE_LIMITED', 'Too many requests.', {
      retryAfterSeconds: Math.max(1, Math.ceil(reason.msBeforeNext / 1_000)),
    });
  }

  return {
    async count(subject) {
      const { consumedPoints } = await memory.consume(subject).catch(refuse);
      if (consumedPoints < toldFrom) return;
      onUse?.({
        subject,
        // The first time all that was kept back until then.
        points: consumedPoints === toldFrom ? toldFrom : 1,
        limit: limitPerMinute,
        hold: (ms) => memory.block(subject, ms / 1_000),
      });
    },

    async refuseIfUsedUp(subject) {
      const counted = await memory.get(subject);
      if (counted && counted.consumedPoints >= limitPerMinute) refuse(counted);
    },
  };
}
