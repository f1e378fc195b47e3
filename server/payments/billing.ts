import type { Billing } from '../../schema/billing.ts';
import { ApiError, notFound } from '../../schema/errors.ts';
import type { Owner } from '../../schema/context.ts';
import type { CustomerId } from '../../schema/id.ts';
import type { Clock } from '../clock.ts';
import { readCustomer } from '../customers/customer-rows.ts';
import type { Database } from '../database/database.ts';
import { createCheckouts } from './checkouts.ts';
import type { PaymentsFor } from './payments-for.ts';
import type { PayingCustomer, Payments } from './payments.ts';
import type { TestClocks } from './test-clock.ts';

interface BillingOptions {
  readonly database: Pick<Database, 'db' | 'transaction'>;
  readonly paymentsFor: PaymentsFor;
  readonly testClocks: Pick<TestClocks, 'advance'>;
  /** Lets happen what is due in the built-in payments. */
  readonly settle: (owner: Owner) => Promise<void>;
  /** Origins to which customers may be sent back. */
  readonly returnOrigins: readonly string[];
  readonly clock: Pick<Clock, 'now'>;
}

export function createBilling(options: BillingOptions): Billing {
  const { database, paymentsFor, testClocks, settle, clock } = options;
  const returnOrigins = new Set(options.returnOrigins);
  const checkouts = createCheckouts({ database, paymentsFor, clock });

  async function customerOf(owner: Owner, id: CustomerId): Promise<PayingCustomer> {
    const customer = await readCustomer(database.db, owner, id);
    if (!customer) throw notFound('Customer');
    return customer;
  }

  /** Nobody takes payments: then nobody has paid. */
  const readersFor = async (owner: Owner): Promise<Payments | undefined> => {
    try {
      return await paymentsFor(owner);
    } catch (error) {
      if (error instanceof ApiError && error.code === 'PAYMENTS_NOT_CONFIGURED') return undefined;
      throw error;
    }
  };

  /** A page that sends customers anywhere would be a way to mislead them. */
  function refuseForeign(urls: Readonly<Record<string, string>>, root: readonly string[]): void {
    const problems = Object.entries(urls)
      .filter(([, url]) => !returnOrigins.has(new URL(url).origin))
      .map(([name]) => ({
        path: [...root, name],
        message: 'must be of an origin in BILLINGOS_ALLOWED_ORIGINS',
      }));
    if (problems.length > 0) throw new ApiError('INVALID_INPUT', 'The input is not valid.', { problems });
  }

  return {
    async invoices(owner, customer, page) {
      const payments = await readersFor(owner);
      return payments ? payments.invoices(owner, customer, page) : { items: [], hasNextPage: false };
    },

    async paymentMethods(owner, customer) {
      const payments = await readersFor(owner);
      return payments ? payments.paymentMethods(owner, customer) : [];
    },

    async createCheckout(caller, request) {
      const { successUrl, cancelUrl } = request;
      refuseForeign({ successUrl, cancelUrl }, ['input']);
      return checkouts.create(caller, request);
    },

    async createPortalSession(caller, returnUrl) {
      refuseForeign({ returnUrl }, []);
      const payments = await paymentsFor(caller);
      return payments.openPortal(caller, await customerOf(caller, caller.customerId), returnUrl);
    },

    async advanceTestClock(merchant, bySeconds) {
      if (merchant.environment === 'live') {
        throw new ApiError('FORBIDDEN', 'Time in live is everybody’s: a test clock is for the sandbox.');
      }
      const nowMs = await testClocks.advance(merchant, bySeconds * 1_000);
      await settle(merchant);
      return new Date(nowMs);
    },
  };
}
