import { and, eq, getTableColumns, gt, isNotNull, isNull } from 'drizzle-orm';
import type { CheckoutRecord, CheckoutRequest } from '../../schema/billing.ts';
import type { CustomerCaller, Owner } from '../../schema/context.ts';
import { ApiError } from '../../schema/errors.ts';
import type { Clock } from '../clock.ts';
import { lockCustomer } from '../customers/customer-rows.ts';
import type { Database, Transaction } from '../database/database.ts';
import { checkouts, prices } from '../database/tables.ts';
import { newId } from '../id.ts';
import { readOffer } from '../subscriptions/offer.ts';
import { hasEnded, readCurrent } from '../subscriptions/subscription-rows.ts';
import type { PaymentsFor } from './payments-for.ts';
import type { Payments } from './payments.ts';

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
        if (current && !hasEnded(current.row)) {
          throw new ApiError('CONFLICT', 'There is a subscription: change its plan, or cancel it first.');
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
      const plans = price.recurring ? await readOpenPlans(transaction, caller) : [];
      const others = plans.filter(({ id }) => id !== open?.id);
      if (open) return { checkout: open, customer, price, others };
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
      return { checkout, customer, price, others };
    });

  /** What was paid meanwhile stays so. */
  const set = (owner: Owner, id: string, columns: Partial<typeof checkouts.$inferInsert>) =>
    database.db.update(checkouts).set(columns).where(isOpen(owner, id));
  const expire = (owner: Owner, id: string) => set(owner, id, { status: 'expired' });
  /** Who is just opening a page writes down only afterwards where it is. */
  const expireWithoutPage = (owner: Owner, id: string) =>
    database.db
      .update(checkouts)
      .set({ status: 'expired' })
      .where(and(isOpen(owner, id), isNull(checkouts.stripeSessionId)));

  /** A customer has one subscription: of two pages that were opened for one, only the last can be paid. */
  async function close(payments: Payments, owner: Owner, { id, stripeSessionId }: typeof checkouts.$inferSelect) {
    if ((await payments.closeCheckout(owner, { stripeSessionId })) === 'paid') {
      throw new ApiError('CONFLICT', 'A payment is under way: look again in a moment.');
    }
    const { rowCount } = await (stripeSessionId === null ? expireWithoutPage(owner, id) : expire(owner, id));
    if (rowCount !== 0) return;
    const [changed] = await database.db.select().from(checkouts).where(isOpen(owner, id));
    if (changed) await close(payments, owner, changed);
  }

  return {
    /** Once more, while the first one is open, gives the same. */
    async create(caller: CustomerCaller, request: CheckoutRequest): Promise<CheckoutRecord> {
      const payments = await paymentsFor(caller);
      const { checkout, customer, price, others } = await writeDown(caller, request);
      const { id, expiresAt } = checkout;
      if (checkout.url !== null) return { id, url: checkout.url, expiresAt };
      const { quantity, successUrl, cancelUrl } = checkout;
      try {
        for (const other of others) await close(payments, caller, other);
        const opened = await payments.openCheckout(caller, {
          id,
          customer,
          price,
          quantity,
          successUrl,
          cancelUrl,
          expiresAt,
        });
        const { rowCount } = await set(caller, id, opened);
        if (rowCount === 0) {
          // Another one was asked for at the same time, and closed this one before it was there.
          await payments.closeCheckout(caller, opened);
          throw new ApiError('CONFLICT', 'Another page was opened meanwhile.');
        }
        return { id, url: opened.url, expiresAt };
      } catch (error) {
        // Asked again under its id, whoever takes payments would give the same answer, whatever was mended meanwhile.
        if (!isUnavailable(error)) await expireWithoutPage(caller, id);
        throw error;
      }
    },
  };
}

const isOpen = ({ merchantId, environment }: Owner, id: string) =>
  and(
    eq(checkouts.merchantId, merchantId),
    eq(checkouts.environment, environment),
    eq(checkouts.id, id),
    eq(checkouts.status, 'open'),
  );

/** Where a customer could still pay for a subscription. */
const readOpenPlans = (transaction: Transaction, { merchantId, environment, customerId }: CustomerCaller) =>
  transaction
    .select(getTableColumns(checkouts))
    .from(checkouts)
    .innerJoin(
      prices,
      and(
        eq(prices.merchantId, checkouts.merchantId),
        eq(prices.environment, checkouts.environment),
        eq(prices.key, checkouts.priceKey),
        isNotNull(prices.interval),
      ),
    )
    .where(
      and(
        eq(checkouts.merchantId, merchantId),
        eq(checkouts.environment, environment),
        eq(checkouts.customerId, customerId),
        eq(checkouts.status, 'open'),
      ),
    );

const isUnavailable = (error: unknown) => error instanceof ApiError && error.code === 'UNAVAILABLE';
