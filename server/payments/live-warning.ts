import type { Owner } from '../../schema/context.ts';
import type { Logger } from '../log.ts';
import type { createMerchants } from '../merchants.ts';
import type { SecretKeys } from '../secret-keys.ts';
import type { StripeAccounts } from '../stripe/account.ts';

interface LiveWarningOptions {
  readonly merchants: Pick<ReturnType<typeof createMerchants>, 'list'>;
  readonly secretKeys: Pick<SecretKeys, 'list'>;
  readonly stripeAccounts: Pick<StripeAccounts, 'find'>;
}

/** Says of each merchant with a secret key for live that nobody takes its payments there, where nobody does. */
export async function warnOfLiveWithoutPayments(
  { merchants, secretKeys, stripeAccounts }: LiveWarningOptions,
  logger: Pick<Logger, 'warn'>,
): Promise<void> {
  for (const { id: merchantId } of await merchants.list()) {
    const owner: Owner = { merchantId, environment: 'live' };
    const isLive = (await secretKeys.list(owner)).some(({ endsAt }) => endsAt === null);
    if (isLive && !(await stripeAccounts.find(owner))?.secretKey) {
      logger.warn(
        { merchantId },
        'nobody takes payments in live: connect a Stripe account by billingos stripe connect --environment live',
      );
    }
  }
}
