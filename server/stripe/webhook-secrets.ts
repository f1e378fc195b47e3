import { LRUCache } from 'lru-cache';
import type { Owner } from '../../schema/context.ts';
import type { Clock } from '../clock.ts';
import type { StripeAccounts } from './account.ts';

interface WebhookSecretsOptions {
  readonly accounts: Pick<StripeAccounts, 'find'>;
  readonly clock: Pick<Clock, 'monotonic'>;
}

const knownForMs = 1_000;
const maxOwners = 10_000;

/**
 * What Stripe signs a merchant's events with; `null` when there is none. Read once a second at most, however many events
 * are forged; nobody is kept out for the forgeries of others, who may well come from Stripe's own addresses.
 */
export function createWebhookSecrets({ accounts, clock }: WebhookSecretsOptions) {
  const secrets = new LRUCache<string, { secret: string | null }, Owner>({
    max: maxOwners,
    ttl: knownForMs,
    perf: { now: () => clock.monotonic() },
    ignoreFetchAbort: true,
    fetchMethod: async (_key, _stale, { context }) => ({
      secret: (await accounts.find(context))?.webhookSecret ?? null,
    }),
  });

  return async (owner: Owner): Promise<string | null> =>
    (await secrets.forceFetch(`${owner.merchantId}:${owner.environment}`, { context: owner })).secret;
}
