import type { PriceTier, SubscriptionStatus } from '../../schema/billing.ts';

/** One thing as the merchant's biller has it, in our words. Ids are the biller's: `cus_…`, `prod_…`, `price_…`, `sub_…` of Stripe. */
export type SourceRecord = SourceProduct | SourcePrice | SourceCustomer | SourceSubscription;

export type RecordKind = SourceRecord['kind'];

/** In this order each kind finds there what it refers to. */
export const recordKinds = ['product', 'price', 'customer', 'subscription'] as const satisfies readonly RecordKind[];

export interface SourceCustomer {
  readonly kind: 'customer';
  readonly stripeId: string;
  /** As given; `undefined` where the source does not say. */
  readonly email: string | null | undefined;
  readonly name: string | null | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface SourceProduct {
  readonly kind: 'product';
  readonly stripeId: string;
  readonly name: string;
  readonly description: string | null;
  readonly isActive: boolean;
}

export interface SourcePrice {
  readonly kind: 'price';
  readonly stripeId: string;
  readonly stripeProductId: string;
  /** ISO 4217, lower case, as Stripe writes it. */
  readonly currency: string;
  /** Minor units as a decimal number; `null` when tiers or the buyer decide. */
  readonly unitAmount: string | null;
  /** `null`: paid once. */
  readonly recurring: { readonly interval: 'day' | 'week' | 'month' | 'year'; readonly intervalCount: number } | null;
  /** `undefined` where the source does not say: what is known stays. */
  readonly tiersMode: 'graduated' | 'volume' | null | undefined;
  /** The same. */
  readonly tiers: readonly PriceTier[] | undefined;
  readonly isActive: boolean;
}

export interface SourceSubscription {
  readonly kind: 'subscription';
  readonly stripeId: string;
  readonly stripeCustomerId: string;
  readonly status: SubscriptionStatus;
  readonly items: readonly { readonly stripePriceId: string; readonly quantity: number | null }[];
  readonly currentPeriodStart: Date | null;
  readonly currentPeriodEnd: Date | null;
  readonly cancelAtPeriodEnd: boolean;
  readonly canceledAt: Date | null;
  readonly trialEnd: Date | null;
  readonly createdAt: Date;
}

/** A row that could not become a record. It never ends a run. */
export interface RowProblem {
  /** Where it is: `line 17`, `cus_123`. */
  readonly where: string;
  readonly reason: string;
}

/** Some records in a row, and where to go on after them. */
export interface SourceBatch {
  readonly records: readonly SourceRecord[];
  readonly problems: readonly RowProblem[];
  /** To be handed to `read` again: what follows comes then, and perhaps some of this again. */
  readonly cursor: string;
  /** From 0 to 1, as far as it can be told; `undefined` when it cannot. */
  readonly fraction: number | undefined;
}

/** Where an import reads from. */
export interface ImportSource {
  readonly kind: 'stripe' | 'file';
  /**
   * Reads everything after `cursor`, or from the beginning. Throws an ImportError when it cannot go on, and the signal's
   * reason when that ends a wait.
   */
  read(cursor?: string, signal?: AbortSignal): AsyncIterable<SourceBatch>;
}

/** Why a run cannot go on, in words for whoever started it. Never shows a key. */
export class ImportError extends Error {
  override readonly name = 'ImportError';
}
