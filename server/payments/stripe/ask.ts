import type { Stripe } from 'stripe';
import type { Owner } from '../../../schema/context.ts';
import { ImportError } from '../../import/record.ts';
import type { Logger } from '../../log.ts';
import type { StripeAccounts } from '../../stripe/account.ts';
import { hostOf } from '../../stripe/host.ts';
import { checkKey } from '../../stripe/key.ts';
import { inStripeSpan } from '../../stripe/span.ts';
import { apiErrorOf, notConfigured, type Right, stripeFailureOf } from './failure.ts';

/**
 * Asks the merchant's account at Stripe for something. A failure is an ApiError for whoever called us, and a line in the
 * log for the merchant.
 */
export type Ask = <Answer>(
  owner: Owner,
  /** What a restricted key needs for it. */
  right: Right,
  request: (stripe: Stripe) => Promise<Answer>,
) => Promise<Answer>;

export interface AskOptions {
  readonly accounts: Pick<StripeAccounts, 'find'>;
  readonly logger: Logger;
  /** Where Stripe's API is, when not at Stripe. */
  readonly apiBase: string | undefined;
}

/** A card may take some seconds to be charged. */
const timeoutMs = 25_000;
/** Safe: the library sends each change under a key, and the same key again is not done again. */
const maxNetworkRetries = 1;

export function createAsk({ accounts, logger, apiBase }: AskOptions): Ask {
  const config = { ...hostOf(apiBase), timeout: timeoutMs, telemetry: false, maxNetworkRetries };

  async function keyOf(owner: Owner): Promise<string> {
    const account = await accounts.find(owner);
    try {
      return checkKey(account?.secretKey ?? undefined, owner.environment);
    } catch (error) {
      if (!(error instanceof ImportError)) throw error;
      throw notConfigured(`There is no Stripe key for ${owner.environment}: run billingos stripe connect.`);
    }
  }

  return async (owner, right, request) => {
    const [key, library] = await Promise.all([keyOf(owner), import('stripe')]);
    try {
      return await inStripeSpan(right, () => request(new library.Stripe(key, config)));
    } catch (error) {
      const failure = stripeFailureOf(error);
      if (!failure) throw error;
      const { type, code, decline_code: declineCode, param, statusCode, requestId } = failure;
      const answer = apiErrorOf(failure, right);
      const level = answer.code === 'PAYMENT_FAILED' ? 'debug' : 'warn';
      logger[level](
        { ...owner, right, type, code, declineCode, param, statusCode, requestId },
        'Stripe did not do what it was asked for',
      );
      throw answer;
    }
  };
}
