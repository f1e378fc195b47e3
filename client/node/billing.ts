import type {
  CustomerBillingQuery,
  EntitlementFragment,
  MerchantProductsQuery,
  SubscriptionFragment,
  UsageFragment,
} from '../generated.ts';
import { type Customer, customerOf } from './customer.ts';
import type { Dated } from './dated.ts';

/** A product as the merchant sees it: also hidden and archived ones. */
export type Product = MerchantProductsQuery['products'][number];

export type Subscription = Dated<
  SubscriptionFragment,
  'currentPeriodStart' | 'currentPeriodEnd' | 'canceledAt' | 'trialEnd' | 'createdAt'
>;

export type Usage = Dated<UsageFragment, 'periodStart' | 'periodEnd'>;

/** A feature that a customer has; what is used of it only for a quota. */
export type Entitlement = EntitlementFragment & { readonly usage: Usage | null };

/** What a customer has: for the merchant's server to decide by. */
export interface CustomerBilling {
  readonly customer: Customer;
  readonly subscription: Subscription | null;
  readonly entitlements: readonly Entitlement[];
}

export const customerBillingOf = (wire: NonNullable<CustomerBillingQuery['customer']>): CustomerBilling => {
  const { subscription, entitlements, ...customer } = wire;
  return {
    customer: customerOf(customer),
    subscription: subscription && subscriptionOf(subscription),
    entitlements: entitlements.map(({ usage, ...entitlement }) => ({ ...entitlement, usage: usage && usageOf(usage) })),
  };
};

const subscriptionOf = (wire: SubscriptionFragment): Subscription => ({
  ...wire,
  currentPeriodStart: dateOf(wire.currentPeriodStart),
  currentPeriodEnd: dateOf(wire.currentPeriodEnd),
  canceledAt: dateOf(wire.canceledAt),
  trialEnd: dateOf(wire.trialEnd),
  createdAt: new Date(wire.createdAt),
});

const usageOf = (wire: UsageFragment): Usage => ({
  ...wire,
  periodStart: new Date(wire.periodStart),
  periodEnd: dateOf(wire.periodEnd),
});

const dateOf = (text: string | null) => (text === null ? null : new Date(text));
