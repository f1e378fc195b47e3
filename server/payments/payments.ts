import type {
  InvoiceRecord,
  PaymentMethodRecord,
  PlanChangePreview,
  PriceRecord,
  SubscriptionStatus,
} from '../../schema/billing.ts';
import type { CustomerRecord, Owner, Page, PageRequest } from '../../schema/context.ts';
import type { CustomerId } from '../../schema/id.ts';

/** A price that can be bought, with what whoever takes the payment must know of it. */
export interface PriceForSale extends PriceRecord {
  readonly stripePriceId: string | null;
  readonly productName: string;
}

/** A part of a subscription that runs. */
export interface RunningItem {
  /** `null` when the price is not known here. */
  readonly price: PriceForSale | null;
  readonly quantity: number;
}

export interface RunningSubscription {
  readonly id: string;
  readonly stripeSubscriptionId: string | null;
  readonly customerId: CustomerId;
  readonly status: SubscriptionStatus;
  readonly items: readonly RunningItem[];
  readonly currentPeriodStart: Date | null;
  readonly currentPeriodEnd: Date | null;
  readonly cancelAtPeriodEnd: boolean;
}

export type PayingCustomer = Pick<CustomerRecord, 'id' | 'email' | 'name' | 'stripeCustomerId'>;

/** A checkout that was written down, and has no page yet. */
export interface OpenCheckout {
  /** Also the idempotency key: the same again opens the same page. */
  readonly id: string;
  readonly customer: PayingCustomer;
  readonly price: PriceForSale;
  readonly quantity: number;
  readonly successUrl: string;
  readonly cancelUrl: string;
  readonly expiresAt: Date;
}

export interface OpenedCheckout {
  readonly url: string;
  readonly stripeSessionId: string | null;
}

/**
 * Whoever takes the money of one merchant's customers. What it changes it also writes here, before it returns: what is read
 * afterwards is what it did. Each change may be asked for again, and has then the same effect once.
 *
 * Fails with PAYMENT_FAILED when the customer could not pay, and then nothing has changed; with UNAVAILABLE when it does not
 * answer; with PAYMENTS_NOT_CONFIGURED when it may not do it.
 */
export interface Payments {
  openCheckout(owner: Owner, checkout: OpenCheckout): Promise<OpenedCheckout>;
  /** Nothing can be paid there from then on, unless it was before. */
  closeCheckout(owner: Owner, checkout: Pick<OpenedCheckout, 'stripeSessionId'>): Promise<'closed' | 'paid'>;
  previewChange(
    owner: Owner,
    subscription: RunningSubscription,
    to: RunningItem & { readonly price: PriceForSale },
  ): Promise<PlanChangePreview>;
  changePlan(
    owner: Owner,
    subscription: RunningSubscription,
    to: RunningItem & { readonly price: PriceForSale },
  ): Promise<void>;
  cancel(owner: Owner, subscription: RunningSubscription, at: 'periodEnd' | 'now'): Promise<void>;
  resume(owner: Owner, subscription: RunningSubscription): Promise<void>;
  openPortal(owner: Owner, customer: PayingCustomer, returnUrl: string): Promise<string>;
  /** The newest first; the cursor of an invoice is its id. */
  invoices(owner: Owner, customer: PayingCustomer, page: PageRequest): Promise<Page<InvoiceRecord>>;
  paymentMethods(owner: Owner, customer: PayingCustomer): Promise<readonly PaymentMethodRecord[]>;
}
