import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import type { Logger } from '../log.ts';
import type { StripeAccounts } from '../stripe/account.ts';
import type { Payments } from './payments.ts';
import { type Ask, createAsking } from './stripe/ask.ts';
import { createCancellations } from './stripe/cancellation.ts';
import { createIdAtStripe } from './stripe/customer.ts';
import { createInvoices } from './stripe/invoices.ts';
import { createPages } from './stripe/pages.ts';
import { createPaymentMethods } from './stripe/payment-methods.ts';
import { createPlans } from './stripe/plan.ts';
import { createSubscriptionsAtStripe } from './stripe/subscription.ts';

interface StripePaymentsOptions {
  readonly database: Pick<Database, 'db' | 'transaction'>;
  readonly accounts: Pick<StripeAccounts, 'find'>;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly logger: Logger;
  /** Where Stripe's API is, when not at Stripe. */
  readonly apiBase?: string | undefined;
}

/** Money is moved by the merchant's own account at Stripe, under the key that it has connected. */
export function createStripePayments({ database, accounts, clock, logger, apiBase }: StripePaymentsOptions): Payments {
  const beginAsking = createAsking({ accounts, clock, logger, apiBase });
  const pages = (ask: Ask) => createPages({ ask, idAtStripe: createIdAtStripe({ database, ask }) });
  const subscriptions = (ask: Ask) => createSubscriptionsAtStripe({ ask, database, clock, logger });
  const plans = (ask: Ask) => createPlans({ ask, subscriptions: subscriptions(ask), clock });
  const cancellations = (ask: Ask) => createCancellations({ ask, subscriptions: subscriptions(ask) });

  // Each call has its own patience, however often it asks.
  return {
    openCheckout: (...call) => pages(beginAsking()).openCheckout(...call),
    closeCheckout: (...call) => pages(beginAsking()).closeCheckout(...call),
    openPortal: (...call) => pages(beginAsking()).openPortal(...call),
    previewChange: (...call) => plans(beginAsking()).previewChange(...call),
    changePlan: (...call) => plans(beginAsking()).changePlan(...call),
    cancel: (...call) => cancellations(beginAsking()).cancel(...call),
    resume: (...call) => cancellations(beginAsking()).resume(...call),
    invoices: (...call) => createInvoices(beginAsking())(...call),
    paymentMethods: (...call) => createPaymentMethods(beginAsking())(...call),
  };
}
