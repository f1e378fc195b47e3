import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import type { Logger } from '../log.ts';
import type { StripeAccounts } from '../stripe/account.ts';
import type { Payments } from './payments.ts';
import { createAsk } from './stripe/ask.ts';
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
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
  /** Where Stripe's API is, when not at Stripe. */
  readonly apiBase?: string | undefined;
}

/** Money is moved by the merchant's own account at Stripe, under the key that it has connected. */
export function createStripePayments({ database, accounts, clock, logger, apiBase }: StripePaymentsOptions): Payments {
  const ask = createAsk({ accounts, logger, apiBase });
  const idAtStripe = createIdAtStripe({ database, ask });
  const subscriptions = createSubscriptionsAtStripe({ ask, database, clock, logger });
  return {
    ...createPages({ ask, idAtStripe }),
    ...createPlans({ ask, subscriptions, clock }),
    ...createCancellations({ ask, subscriptions }),
    invoices: createInvoices(ask),
    paymentMethods: createPaymentMethods(ask),
  };
}
