import type { RequestsPerMinute } from '../config.ts';
import type { Logger } from '../log.ts';
import { type LimitName, type Metrics, unmeasured } from '../metrics.ts';
import type { SharedCounts } from '../rate-limit-rows.ts';
import { createLimitSharing } from './limit-sharing.ts';
import { createLimiter } from './limiter.ts';
import { networkOf } from './network.ts';

/** Each of these throws RATE_LIMITED with the time to wait. */
export interface RateLimits {
  countSecretKey(keyId: string): Promise<void>;
  /** A customer, by whichever session; or a token that is genuine and over. */
  countCustomer(customer: string): Promise<void>;
  /** A request without a credential that was accepted. Those with a good one never count for their address. */
  countStranger(address: string): Promise<void>;
  /** Notes a secret key that was not accepted. */
  countFailure(address: string): Promise<void>;
  refuseAfterFailures(address: string): Promise<void>;
}

interface RateLimitsOptions {
  readonly requestsPerMinute: RequestsPerMinute;
  /** What several processes on one database have in common; `undefined` when this one is alone. */
  readonly sharedCounts: SharedCounts | undefined;
  readonly logger: Logger;
  readonly metrics?: Pick<Metrics, 'rateLimited'>;
}

/** Keys that are not accepted, a minute and address: room for a deployment with a stale key, none for guessing. */
const failuresPerMinute = 30;

export function createRateLimits(options: RateLimitsOptions) {
  const { requestsPerMinute, sharedCounts, logger, metrics = unmeasured } = options;
  const sharing = sharedCounts && createLimitSharing({ sharedCounts, logger });
  const limiterFor = (name: LimitName, limitPerMinute: number) =>
    createLimiter({ limitPerMinute, onUse: sharing?.noteFor(name), onRefused: () => metrics.rateLimited(name) });

  const secretKeys = limiterFor('secret_key', requestsPerMinute.ofSecretKey);
  const customers = limiterFor('customer', requestsPerMinute.ofCustomer);
  const strangers = limiterFor('address', requestsPerMinute.ofAddress);
  const failures = limiterFor('failure', failuresPerMinute);

  const limits: RateLimits = {
    countSecretKey: (keyId) => secretKeys.count(keyId),
    countCustomer: (customer) => customers.count(customer),
    countStranger: (address) => strangers.count(networkOf(address)),
    countFailure: (address) => failures.count(networkOf(address)),
    refuseAfterFailures: (address) => failures.refuseIfUsedUp(networkOf(address)),
  };

  return {
    ...limits,
    /** Tells the other processes at once what was counted, and hears from them. */
    share: async () => sharing?.share(),
    start: () => sharing?.start(),
    stop: async () => sharing?.stop(),
  };
}
