import type {
  CustomerCaller,
  CustomerRecord,
  CustomerSelection,
  Merchant,
  Owner,
  Page,
  PageRequest,
} from './context.ts';
import type { CustomerId } from './id.ts';

/** `boolean`: had or not. `quota`: so many in each billing period, counted here. `limit`: so many at once, counted by the app. */
export const featureKinds = ['boolean', 'quota', 'limit'] as const;

export type FeatureKind = (typeof featureKinds)[number];

/** Something of the merchant's app that a product may contain. */
export interface FeatureRecord {
  /** The merchant's own name for it, which code refers to. */
  readonly key: string;
  readonly name: string;
  readonly kind: FeatureKind;
  /** What is counted, in the plural: `exports`. */
  readonly unit: string | null;
}

export interface ProductFeatureRecord {
  readonly feature: FeatureRecord;
  /** Of a quota or limit; `null` is as many as one likes. */
  readonly amount: number | null;
}

export type RecurringInterval = 'day' | 'week' | 'month' | 'year';

/** What one more costs, up to a quantity. Amounts are minor units as decimal numbers. */
export interface PriceTier {
  /** The last quantity of this tier; `null`: all that follow. */
  readonly upTo: number | null;
  readonly unitAmount: string | null;
  readonly flatAmount: string | null;
}

export interface PriceRecord {
  /** The merchant's own name for it; Stripe's id where it has none. */
  readonly key: string;
  readonly productKey: string;
  /** ISO 4217, lower case. */
  readonly currency: string;
  /** Minor units as a decimal number; `null` when tiers or the buyer decide. */
  readonly unitAmount: string | null;
  /** `null`: paid once. */
  readonly recurring: { readonly interval: RecurringInterval; readonly intervalCount: number } | null;
  readonly tiersMode: 'graduated' | 'volume' | null;
  readonly tiers: readonly PriceTier[];
  /** Whether it can be bought. */
  readonly isActive: boolean;
  /** Whether customers are shown it. */
  readonly isVisible: boolean;
}

export interface ProductRecord {
  /** The merchant's own name for it, which code refers to. */
  readonly key: string;
  readonly name: string;
  readonly description: string | null;
  readonly isActive: boolean;
  readonly isVisible: boolean;
  /** Whether customers without a subscription have what it contains. */
  readonly isDefault: boolean;
  readonly features: readonly ProductFeatureRecord[];
  readonly prices: readonly PriceRecord[];
}

/** A catalog as the merchant writes it down: what is left out of it is taken out of sale, never deleted. */
export interface CatalogDraft {
  readonly features: readonly FeatureRecord[];
  readonly products: readonly ProductDraft[];
}

export interface ProductDraft extends Pick<ProductRecord, 'key' | 'name' | 'description' | 'isVisible' | 'isDefault'> {
  readonly stripeProductId: string | null;
  readonly features: readonly { readonly key: string; readonly amount: number | null }[];
  readonly prices: readonly PriceDraft[];
}

export interface PriceDraft extends Pick<
  PriceRecord,
  'key' | 'currency' | 'unitAmount' | 'recurring' | 'tiersMode' | 'tiers' | 'isVisible'
> {
  readonly stripePriceId: string | null;
}

/** One thing that differs between a catalog and what is stored. */
export interface CatalogChange {
  readonly kind: 'create' | 'update' | 'archive';
  readonly what: 'feature' | 'product' | 'price';
  readonly key: string;
  /** What is different, by name; empty for something new. */
  readonly fields: readonly string[];
}

export interface Catalog {
  /** What is for sale, in the merchant's order; for the merchant all that there is. */
  products(caller: Merchant | CustomerCaller): Promise<readonly ProductRecord[]>;
  /** Writes unless it is a dry run. The same again changes nothing. */
  apply(merchant: Merchant, draft: CatalogDraft, mode: 'dry' | 'real'): Promise<readonly CatalogChange[]>;
}

/** As Stripe has them. https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses */
export const subscriptionStatuses = [
  'incomplete',
  'incomplete_expired',
  'trialing',
  'active',
  'past_due',
  'canceled',
  'unpaid',
  'paused',
] as const;

export type SubscriptionStatus = (typeof subscriptionStatuses)[number];

export interface SubscriptionItemRecord {
  /** `null` when the price was never imported. */
  readonly price: PriceRecord | null;
  readonly product: Pick<ProductRecord, 'key' | 'name' | 'description'> | null;
  readonly quantity: number;
}

export interface SubscriptionRecord {
  readonly id: string;
  readonly customerId: CustomerId;
  readonly status: SubscriptionStatus;
  readonly items: readonly SubscriptionItemRecord[];
  readonly currentPeriodStart: Date | null;
  readonly currentPeriodEnd: Date | null;
  readonly cancelAtPeriodEnd: boolean;
  readonly canceledAt: Date | null;
  readonly trialEnd: Date | null;
  readonly createdAt: Date;
}

/** What is paid, or given back, and for what. Minor units. */
export interface AmountLine {
  readonly description: string;
  readonly amount: number;
}

/** What a change of plan costs, before it is made. Minor units. */
export interface PlanChangePreview {
  readonly currency: string;
  /** What is paid at once; negative: kept for the next invoices. */
  readonly amountDueNow: number;
  readonly lines: readonly AmountLine[];
  /** What each period costs from then on. */
  readonly recurringAmount: number;
  readonly nextInvoiceAt: Date | null;
}

export interface PlanChoice {
  readonly priceKey: string;
  readonly quantity: number;
}

/** Rules about what a customer has subscribed to. */
export interface Subscriptions {
  /** The one that counts for each: one that runs before one that ended, the newest first. */
  current(owner: Owner, customerIds: readonly CustomerId[]): Promise<(SubscriptionRecord | null)[]>;
  previewChange(caller: CustomerCaller, choice: PlanChoice): Promise<PlanChangePreview>;
  /** The same choice again gives the same. CONFLICT without a running subscription; PAYMENT_FAILED leaves it as it was. */
  changePlan(caller: CustomerCaller, choice: PlanChoice): Promise<SubscriptionRecord>;
  /** Once more gives the same. */
  cancel(caller: CustomerCaller, at: 'periodEnd' | 'now'): Promise<SubscriptionRecord>;
  /** Takes back a cancellation that has not come yet. */
  resume(caller: CustomerCaller): Promise<SubscriptionRecord>;
}

/** What was used of a quota in the period that is under way. */
export interface UsageRecord {
  readonly feature: FeatureRecord;
  readonly used: number;
  /** `null` is as many as one likes. */
  readonly amount: number | null;
  readonly periodStart: Date;
  readonly periodEnd: Date | null;
}

/** Whether a customer has a feature, and how much of it. */
export interface EntitlementRecord {
  readonly feature: FeatureRecord;
  readonly isGranted: boolean;
  /** Of a quota or limit: `null` is as many as one likes. */
  readonly amount: number | null;
  /** Of a quota only. */
  readonly usage: UsageRecord | null;
}

export interface Entitlements {
  /** Every feature of the merchant's, for each of these customers, in the merchant's order. */
  of(owner: Owner, customerIds: readonly CustomerId[]): Promise<readonly (readonly EntitlementRecord[])[]>;
}

export interface UsageEvent {
  readonly featureKey: string;
  readonly amount: number;
  /** The same again is counted once. */
  readonly idempotencyKey: string;
}

export interface TrackedUsage {
  /** `repeated`: it was counted before. `refused`: the quota does not suffice, and nothing was counted. */
  readonly outcome: 'recorded' | 'repeated' | 'refused';
  readonly usage: UsageRecord;
}

export interface Usage {
  /** `consume` is all or nothing, and never more than the quota; `record` counts what happened. */
  track(caller: CustomerCaller, event: UsageEvent, mode: 'record' | 'consume'): Promise<TrackedUsage>;
  /** What happened, for several customers at once, in one statement: all of it or nothing. @returns how many were new. */
  record(
    merchant: Merchant,
    events: readonly (UsageEvent & { readonly customer: CustomerSelection })[],
  ): Promise<number>;
}

export const invoiceStatuses = ['draft', 'open', 'paid', 'uncollectible', 'void'] as const;

export type InvoiceStatus = (typeof invoiceStatuses)[number];

export interface InvoiceRecord {
  readonly id: string;
  readonly number: string | null;
  readonly status: InvoiceStatus;
  /** ISO 4217, lower case; amounts are its minor units. */
  readonly currency: string;
  readonly total: number;
  readonly amountDue: number;
  readonly amountPaid: number;
  readonly lines: readonly AmountLine[];
  /** Where it can be read and paid. */
  readonly url: string | null;
  readonly createdAt: Date;
}

export interface PaymentMethodRecord {
  readonly id: string;
  /** `card`, or what else Stripe calls it. */
  readonly type: string;
  readonly brand: string | null;
  readonly lastFour: string | null;
  readonly expiryMonth: number | null;
  readonly expiryYear: number | null;
  readonly isDefault: boolean;
}

export interface CheckoutRequest extends PlanChoice {
  readonly successUrl: string;
  readonly cancelUrl: string;
}

export interface CheckoutRecord {
  readonly id: string;
  /** Where the customer pays. */
  readonly url: string;
  readonly expiresAt: Date;
}

/** Rules about money; who moves it is configured per merchant and environment. Everything but reading fails with PAYMENTS_NOT_CONFIGURED where nobody does. */
export interface Billing {
  /** The newest first. */
  invoices(owner: Owner, customer: CustomerRecord, page: PageRequest): Promise<Page<InvoiceRecord>>;
  paymentMethods(owner: Owner, customer: CustomerRecord): Promise<readonly PaymentMethodRecord[]>;
  /** Once more, while the first one is open, gives the same. CONFLICT when a subscription is running: change its plan. */
  createCheckout(caller: CustomerCaller, request: CheckoutRequest): Promise<CheckoutRecord>;
  /** Where the customer changes how it pays, and reads its invoices. */
  createPortalSession(caller: CustomerCaller, returnUrl: string): Promise<string>;
  /** Moves the merchant's test clock ahead, and lets happen what is due then. @returns what it shows. */
  advanceTestClock(merchant: Merchant, bySeconds: number): Promise<Date>;
}
