import ipaddr from 'ipaddr.js';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { ApiError } from '../../schema/errors.ts';
import { type Metrics, unmeasured } from '../metrics.ts';

/** All of these count in this process; each throws RATE_LIMITED with the time to wait. */
export interface RateLimits {
  countRequest(keyId: string): Promise<void>;
  /** Notes a secret key that was not accepted. */
  countFailure(address: string): Promise<void>;
  refuseAfterFailures(address: string): Promise<void>;
}

interface RateLimitsOptions {
  /** Requests a minute for one secret key; 0 is no limit. */
  readonly requestsPerMinute: number;
  readonly metrics?: Pick<Metrics, 'rateLimited'>;
}

const windowSeconds = 60;
/** Keys that are not accepted, a minute and address: room for a deployment with a stale key, none for guessing. */
const failuresPerMinute = 30;

export function createRateLimits({ requestsPerMinute, metrics = unmeasured }: RateLimitsOptions): RateLimits {
  const requests =
    requestsPerMinute > 0 ? new RateLimiterMemory({ points: requestsPerMinute, duration: windowSeconds }) : undefined;
  const failures = new RateLimiterMemory({ points: failuresPerMinute, duration: windowSeconds });

  const refuseFor = (limit: string) => (reason: unknown) => {
    if (reason instanceof RateLimiterRes) metrics.rateLimited(limit);
    refuse(reason);
  };

  return {
    async countRequest(keyId) {
      await requests?.consume(keyId).catch(refuseFor('secret_key'));
    },
    async countFailure(address) {
      await failures.consume(networkOf(address)).catch(refuseFor('address'));
    },
    async refuseAfterFailures(address) {
      const counted = await failures.get(networkOf(address));
      if (counted && counted.consumedPoints >= failuresPerMinute) refuseFor('address')(counted);
    },
  };
}

/** Who has one IPv6 address has the 2^64 beside it as well. */
function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, 4).join(':') : parsed.toString();
}

function refuse(reason: unknown): never {
  if (!(reason instanceof RateLimiterRes)) throw reason;
  throw new ApiError('RATE_LIMITED', 'Too many requests.', {
    retryAfterSeconds: Math.max(1, Math.ceil(reason.msBeforeNext / 1000)),
  });
}
