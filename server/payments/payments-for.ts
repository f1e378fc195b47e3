import { LRUCache } from 'lru-cache';
import type { Owner } from '../../schema/context.ts';
import { ApiError } from '../../schema/errors.ts';
import type { Clock } from '../clock.ts';
import type { StripeAccounts } from '../stripe/account.ts';
import type { Payments } from './payments.ts';

/**
 * Who takes the money of this merchant's customers; for a subscription whoever it was begun with. Throws PAYMENTS_NOT_CONFIGURED
 * where nobody does.
 */
export type PaymentsFor = (
  owner: Owner,
  subscription?: { readonly stripeSubscriptionId: string | null },
) => Promise<Payments>;

interface PaymentsForOptions {
  readonly accounts: Pick<StripeAccounts, 'find'>;
  readonly stripe: Payments;
  /** Built in, for the sandbox alone: no money is moved. */
  readonly simulator: Payments;
  readonly clock: Pick<Clock, 'monotonic'>;
}

const knownForMs = 1_000;
const maxOwners = 10_000;

/** Stripe where an account is connected; else the built-in payments in the sandbox, and nobody in live. Looked up once a second at most. */
export function createPaymentsFor({ accounts, stripe, simulator, clock }: PaymentsForOptions): PaymentsFor {
  const connected = new LRUCache<string, { readonly isConnected: boolean }, Owner>({
    max: maxOwners,
    ttl: knownForMs,
    perf: { now: () => clock.monotonic() },
    ignoreFetchAbort: true,
    fetchMethod: async (_key, _stale, { context }) => ({
      isConnected: Boolean((await accounts.find(context))?.secretKey),
    }),
  });

  return async (owner, subscription) => {
    const isSimulated = subscription?.stripeSubscriptionId === null;
    if (isSimulated && owner.environment === 'test') return simulator;
    const key = `${owner.merchantId}:${owner.environment}`;
    if ((await connected.forceFetch(key, { context: owner })).isConnected) return stripe;
    if (owner.environment === 'test' && !subscription) return simulator;
    throw new ApiError(
      'PAYMENTS_NOT_CONFIGURED',
      `Nobody takes these payments: connect a Stripe account by billingos stripe connect --environment ${owner.environment}.`,
    );
  };
}
