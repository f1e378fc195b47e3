import { and, eq } from 'drizzle-orm';
import type { Owner } from '../../schema/context.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import { stripeAccounts } from '../database/tables.ts';
import { seal, unseal } from '../token/sealed.ts';

/** How to reach a merchant's account at Stripe. Both are secrets: never logged, never shown. */
export interface StripeAccount {
  /** `sk_…` or `rk_…`. */
  readonly secretKey: string | null;
  /** `whsec_…`: what Stripe signs its events with. */
  readonly webhookSecret: string | null;
}

export interface StripeAccounts {
  /** Keeps what is given; what is left out stays as it is. */
  connect(owner: Owner, account: Partial<StripeAccount>): Promise<void>;
  find(owner: Owner): Promise<StripeAccount | null>;
  disconnect(owner: Owner): Promise<void>;
}

interface StripeAccountsOptions {
  readonly database: Pick<Database, 'db'>;
  /** 256 bits: both secrets lie in the database as JWE under it. */
  readonly stripeKey: Uint8Array;
  readonly clock: Pick<Clock, 'now'>;
}

export function createStripeAccounts({ database: { db }, stripeKey, clock }: StripeAccountsOptions): StripeAccounts {
  const sealed = async (secret: string | null | undefined) => (secret == null ? secret : seal(secret, stripeKey));
  const unsealed = async (jwe: string | null) => (jwe === null ? null : unseal(jwe, stripeKey));

  return {
    async connect({ merchantId, environment }, { secretKey, webhookSecret }) {
      const secrets = {
        secretKeyJwe: await sealed(secretKey),
        webhookSecretJwe: await sealed(webhookSecret),
        updatedAt: new Date(clock.now()),
      };
      await db
        .insert(stripeAccounts)
        .values({ merchantId, environment, ...secrets })
        .onConflictDoUpdate({
          target: [stripeAccounts.merchantId, stripeAccounts.environment],
          set: secrets,
        });
    },

    async find(owner) {
      const [row] = await db.select().from(stripeAccounts).where(isOwned(owner));
      if (!row) return null;
      return { secretKey: await unsealed(row.secretKeyJwe), webhookSecret: await unsealed(row.webhookSecretJwe) };
    },

    async disconnect(owner) {
      await db.delete(stripeAccounts).where(isOwned(owner));
    },
  };
}

const isOwned = ({ merchantId, environment }: Owner) =>
  and(eq(stripeAccounts.merchantId, merchantId), eq(stripeAccounts.environment, environment));
