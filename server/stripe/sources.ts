import type { Owner } from '../../schema/context.ts';
import type { ImportSource } from '../import/record.ts';
import type { StripeAccounts } from './account.ts';
import { createStripeClient } from './client.ts';
import { createStripeSource } from './source.ts';

interface StripeSourcesOptions {
  readonly accounts: Pick<StripeAccounts, 'find'>;
  /** Where Stripe's API is, when not at Stripe. */
  readonly apiBase: string | undefined;
}

export interface StripeSources {
  /** What there is at Stripe, with this key or that of the connected account. Throws an ImportError when there is none, or none for this environment. */
  sourceFor(owner: Owner, secretKey?: string): Promise<ImportSource>;
}

export function createStripeSources({ accounts, apiBase }: StripeSourcesOptions): StripeSources {
  return {
    async sourceFor(owner, given) {
      const secretKey = given ?? (await accounts.find(owner))?.secretKey ?? undefined;
      return createStripeSource(createStripeClient({ secretKey, environment: owner.environment, apiBase }));
    },
  };
}
