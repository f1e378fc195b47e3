import type { Stripe } from 'stripe';
import type { Environment } from '../../schema/environment.ts';
import { ImportError } from '../import/record.ts';
import { hostOf } from './host.ts';
import { checkKey } from './key.ts';
import { createRetries, type Retries } from './retries.ts';
import { inStripeSpan } from './span.ts';

/** Stripe's lists, by the end of their path. */
export type StripeList = 'products' | 'prices' | 'customers' | 'subscriptions';

export interface StripePage {
  readonly kind: 'page';
  /** As Stripe wrote them: nothing about them is known yet. */
  readonly objects: readonly unknown[];
  readonly hasMore: boolean;
}

export interface StripeClient {
  /** At most 100 objects, the newest first; `startGone` when the object to start after is not there any more. */
  list(name: StripeList, query: ListQuery, signal?: AbortSignal): Promise<StripePage | { readonly kind: 'startGone' }>;
}

export interface ListQuery {
  readonly startingAfter?: string | undefined;
  readonly filter?: Readonly<Record<string, string>> | undefined;
}

export interface StripeClientOptions extends Partial<Retries> {
  /** `sk_…` or `rk_…`; never shown. */
  readonly secretKey: string | undefined;
  readonly environment: Environment;
  /** Where the API is instead of api.stripe.com; plain http for this machine only. */
  readonly apiBase?: string | undefined;
}

const pageSize = 100;
const timeoutMs = 30_000;

/** Throws an ImportError at once when the key cannot be right, before anything is sent. Every call may throw one too. */
export function createStripeClient({ secretKey, environment, apiBase, ...faults }: StripeClientOptions): StripeClient {
  const key = checkKey(secretKey, environment);
  const config = { ...hostOf(apiBase), timeout: timeoutMs, telemetry: false, maxNetworkRetries: 0 };
  const retry = createRetries(faults);
  let connected: Promise<Stripe> | undefined;
  const connect = () => (connected ??= import('stripe').then((library) => new library.Stripe(key, config)));

  return {
    async list(name, { startingAfter, filter = {} }, signal) {
      const stripe = await connect();
      const query = new URLSearchParams({ ...filter, limit: String(pageSize) });
      if (startingAfter !== undefined) query.set('starting_after', startingAfter);
      // Not `stripe.prices.list`: it converts decimals, and one that is none would cost the whole page.
      const ask = () => inStripeSpan(name, () => stripe.rawRequest('GET', `/v1/${name}?${query.toString()}`));
      const answer = await retry(ask, signal);
      return answer === 'resourceMissing' ? { kind: 'startGone' } : pageOf(answer);
    },
  };
}

function pageOf(answer: unknown): StripePage {
  const { data, has_more: hasMore } = answer as { data?: unknown; has_more?: unknown };
  if (!Array.isArray(data)) throw new ImportError('What answered is not Stripe: its list has no data.');
  return { kind: 'page', objects: data, hasMore: hasMore === true };
}
