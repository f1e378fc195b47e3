import type {
  BindAttemptFragment,
  ExplainBindingQuery,
  MerchantCustomerFragment,
  UnresolvedBucket,
  UnresolvedCustomerFragment,
} from '../generated.ts';
import type { Dated } from './dated.ts';
import type { List, Page } from './list.ts';

/** Whose billing it is, as the merchant sees it. */
export type Customer = Dated<MerchantCustomerFragment, 'createdAt'>;

/** An imported customer that is nobody's yet, and why. */
export type UnresolvedCustomer = Omit<UnresolvedCustomerFragment, 'customer'> & { customer: Customer };

/** One entry of the ledger: what was tried, and what was known then. */
export type BindAttempt = Dated<BindAttemptFragment, 'createdAt'>;

/** Whose a customer is, and how that came about. */
export interface BindingExplanation {
  readonly customer: Customer;
  /** `null` when it is somebody's. */
  readonly unresolved: UnresolvedCustomer | null;
  /** The newest first, at most 100. */
  readonly attempts: readonly BindAttempt[];
}

/** Two customers that are one: `from` goes, `into` stays. */
export interface CustomerMerge {
  readonly from: string;
  readonly into: string;
  /** Why: kept in the ledger. */
  readonly reason: string;
}

export interface UnresolvedCustomerFilter {
  readonly bucket?: UnresolvedBucket | undefined;
}

export type CustomerPage = Page<'customers', Customer>;
export type CustomerList = List<'customers', Customer>;
export type UnresolvedCustomerPage = Page<'unresolvedCustomers', UnresolvedCustomer>;
export type UnresolvedCustomerList = List<'unresolvedCustomers', UnresolvedCustomer>;

export const customerOf = (wire: MerchantCustomerFragment): Customer => ({
  ...wire,
  createdAt: new Date(wire.createdAt),
});

export const unresolvedCustomerOf = (wire: UnresolvedCustomerFragment): UnresolvedCustomer => ({
  ...wire,
  customer: customerOf(wire.customer),
});

export const explanationOf = (wire: ExplainBindingQuery['explainBinding']): BindingExplanation => ({
  customer: customerOf(wire.customer),
  unresolved: wire.unresolved && unresolvedCustomerOf(wire.unresolved),
  attempts: wire.attempts.map((attempt) => ({ ...attempt, createdAt: new Date(attempt.createdAt) })),
});
