import { and, eq, gt } from 'drizzle-orm';
import type { CheckoutRecord, CheckoutRequest } from '../../schema/billing.ts';
import type { CustomerCaller } from '../../schema/context.ts';
import { ApiError } from '../../schema/errors.ts';
import type { Clock } from '../clock.ts';
import { lockCustomer } from '../customers/customer-rows.ts';
import type { Database } from '../database/database.ts';
import { checkouts } from '../database/tables.ts';
import { newId } from '../id.ts';
import { readOffer } from '../subscriptions/offer.ts';
import { isRunning, readCurrent } from '../subscriptions/subscription-rows.ts';
import type { PaymentsFor } from './payments-for.ts';

interface CheckoutsOptions {
  readonly database: Pick<Database, 'db' | 'transaction'>;
  readonly paymentsFor: PaymentsFor;
  readonly clock: Pick<Clock, 'now'>;
}

/** Stripe takes less than a day. */
const lifetimeMs = 23 * 3_600_000;
/** So much is left of a page that is given once more. */
const leastLeftMs = 3_600_000;

export function createCheckouts({ database, paymentsFor, clock }: CheckoutsOptions) {
  /** Under the lock of the customer: a second click finds what the first one wrote. */
  const writeDown = (caller: CustomerCaller, { priceKey, quantity, successUrl, cancelUrl }: CheckoutRequest) =>
    database.transaction(async (transaction) => {
      const customer = await lockCustomer(transaction, caller, caller.customerId);
      const price = await readOffer(transaction, caller, priceKey);
      if (price.recurring) {
        const [current] = await readCurrent(transaction, caller, [customer.id]);
        if (current && isRunning(current.row)) {
          throw new ApiError('CONFLICT', 'A subscription is running: change its plan instead.');
        }
      }
      const [open] = await transaction
        .select()
        .from(checkouts)
        .where(
          and(
            eq(checkouts.merchantId, caller.merchantId),
            eq(checkouts.environment, caller.environment),
            eq(checkouts.customerId, customer.id),
            eq(checkouts.priceKey, priceKey),
            eq(checkouts.quantity, quantity),
            eq(checkouts.successUrl, successUrl),
            eq(checkouts.cancelUrl, cancelUrl),
            eq(checkouts.status, 'open'),
            gt(checkouts.expiresAt, new Date(clock.now() + leastLeftMs)),
          ),
        );
      if (open) return { checkout: open, customer, price };
      const [checkout] = await transaction
        .insert(checkouts)
        .values({
          merchantId: caller.merchantId,
          environment: caller.environment,
          id: newId('chk', clock.now()),
          customerId: customer.id,
          priceKey,
          quantity,
          successUrl,
          cancelUrl,
          status: 'open',
          createdAt: new Date(clock.now()),
          expiresAt: new Date(clock.now() + lifetimeMs),
        })
        .returning();
      if (!checkout) throw new TypeError('An insert without a row.');
      return { checkout, customer, price };
    });

  return {
    /** Once more, while the first one is open, gives the same. */
    async create(caller: CustomerCaller, request: CheckoutRequest): Promise<CheckoutRecord> {
      const payments = await paymentsFor(caller);
      const { checkout, customer, price } = await writeDown(caller, request);
      const { id, expiresAt } = checkout;
      if (checkout.url !== null) return { id, url: checkout.url, expiresAt };
      const { quantity, successUrl, cancelUrl } = checkout;
      const opened = await payments.openCheckout(caller, {
        id,
        customer,
        price,
        quantity,
        successUrl,
        cancelUrl,
        expiresAt,
      });
      await database.db
        .update(checkouts)
        .set(opened)
        .where(
          and(
            eq(checkouts.merchantId, caller.merchantId),
            eq(checkouts.environment, caller.environment),
            eq(checkouts.id, id),
          ),
        );
      return { id, url: opened.url, expiresAt };
    },
  };
}
