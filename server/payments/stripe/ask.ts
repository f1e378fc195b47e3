import type { Stripe } from 'stripe';
import type { Owner } from '../../../schema/context.ts';
import { ApiError } from '../../../schema/errors.ts';
import type { Clock } from '../../clock.ts';
import { ImportError } from '../../import/record.ts';
import type { Logger } from '../../log.ts';
import type { StripeAccounts } from '../../stripe/account.ts';
import { hostOf } from '../../stripe/host.ts';
import { checkKey } from '../../stripe/key.ts';
import { inStripeSpan } from '../../stripe/span.ts';
import { apiErrorOf, notConfigured, type Right, stripeFailureOf } from './failure.ts';
import { createPlaces } from './places.ts';
import { within } from './within.ts';

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
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly logger: Logger;
  /** Where Stripe's API is, when not at Stripe. */
  readonly apiBase: string | undefined;
  readonly patienceMs?: number;
}

/** For all that one call asks of Stripe: less than a request has, so that whoever waits hears what became of it. */
const defaultPatienceMs = 8_000;
/** Safe: the library sends each change under a key, and the same key again is not done again. */
const maxNetworkRetries = 1;
/** A Stripe that does not answer must not take the room of requests that do without it, nor one merchant that of others. */
const maxAtOnce = 100;
const maxAtOnceOfOwner = 20;

/** Begins to ask: what is asked by the result shares one patience. */
export function createAsking(options: AskOptions): () => Ask {
  const { accounts, clock, logger, apiBase, patienceMs = defaultPatienceMs } = options;
  const config = { ...hostOf(apiBase), telemetry: false, maxNetworkRetries };
  const asking = createPlaces({ places: maxAtOnce, placesOfOne: maxAtOnceOfOwner });

  async function keyOf(owner: Owner): Promise<string> {
    const account = await accounts.find(owner);
    try {
      return checkKey(account?.secretKey ?? undefined, owner.environment);
    } catch (error) {
      if (!(error instanceof ImportError)) throw error;
      throw notConfigured(`There is no Stripe key for ${owner.environment}: run billingos stripe connect.`);
    }
  }

  async function askUntil<Answer>(
    endsAt: number,
    { owner, key, right }: { owner: Owner; key: string; right: Right },
    request: (stripe: Stripe) => Promise<Answer>,
  ): Promise<Answer> {
    const library = await import('stripe');
    const leftMs = Math.floor(endsAt - clock.monotonic());
    if (leftMs <= 0) throw tooSlow();
    const stripe = new library.Stripe(key, { ...config, timeout: leftMs });
    const asked = asking.take(`${owner.merchantId} ${owner.environment}`, tooMany, () =>
      inStripeSpan(right, () => request(stripe)),
    );
    return within(leftMs, asked, tooSlow);
  }

  return () => {
    const endsAt = clock.monotonic() + patienceMs;

    return async (owner, right, request) => {
      const key = await keyOf(owner);
      try {
        return await askUntil(endsAt, { owner, key, right }, request);
      } catch (error) {
        const failure = stripeFailureOf(error);
        if (error instanceof ApiError) logger.warn({ ...owner, right }, error.message);
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
  };
}

const tooMany = () =>
  new ApiError('UNAVAILABLE', 'Too much is asked of Stripe at the same time.', { retryAfterSeconds: 5 });

const tooSlow = () => new ApiError('UNAVAILABLE', 'Stripe does not answer in time.', { retryAfterSeconds: 5 });
