import { and, desc, eq, isNotNull, isNull } from 'drizzle-orm';
import type { Owner } from '../../../schema/context.ts';
import type { CustomerId } from '../../../schema/id.ts';
import { lockCustomer } from '../../customers/customer-rows.ts';
import type { Clock } from '../../clock.ts';
import type { Database, Transaction } from '../../database/database.ts';
import {
  checkouts,
  prices,
  products,
  purchases,
  simulatedInvoices,
  simulatedPortals,
  subscriptions,
} from '../../database/tables.ts';
import { isOwnedIn, priceForSaleOf } from '../../catalog/catalog-rows.ts';
import { newId } from '../../id.ts';
import { isRunning, readCurrent } from '../../subscriptions/subscription-rows.ts';
import type { PriceForSale } from '../payments.ts';
import type { TestClocks } from '../test-clock.ts';
import { bill, keepCard, payOpenInvoices, readAccount } from './account.ts';
import { amountOf } from './amount.ts';
import { cardOfNumber, lastFourOf } from './cards.ts';
import type { PageAddress } from './page-url.ts';
import { periodEndOf } from './period.ts';
import { lineOf } from './renewals.ts';

export type InvoiceRow = typeof simulatedInvoices.$inferSelect;

export interface CheckoutPage {
  readonly checkout: typeof checkouts.$inferSelect;
  readonly price: PriceForSale;
  /** Minor units. */
  readonly amount: number;
}

export interface PortalPage {
  readonly returnUrl: string;
  readonly cardLastFour: string | null;
  readonly invoices: readonly InvoiceRow[];
}

/** What came of paying. `authenticate`: the bank asks first. */
export type Payment = 'paid' | 'declined' | 'unknownCard' | 'authenticate' | 'hasSubscription' | 'expired';

interface DeskOptions {
  readonly database: Pick<Database, 'db' | 'transaction'>;
  readonly testClocks: Pick<TestClocks, 'nowMs'>;
  readonly clock: Pick<Clock, 'now'>;
}

const ownerOf = ({ merchantId }: PageAddress): Owner => ({ merchantId, environment: 'test' });

/** What the pages of the built-in payments do. */
export function createDesk({ database, testClocks, clock }: DeskOptions) {
  const { db } = database;

  async function readCheckout(address: PageAddress, executor: Database['db'] | Transaction = db) {
    const owner = ownerOf(address);
    const [row] = await executor
      .select({ checkout: checkouts, price: prices, product: products })
      .from(checkouts)
      .innerJoin(prices, and(isOwnedIn(prices, owner), eq(prices.key, checkouts.priceKey)))
      .innerJoin(products, and(isOwnedIn(products, owner), eq(products.key, prices.productKey)))
      // One that somebody else takes the payment for is not paid here.
      .where(and(isOf(checkouts, address), isNull(checkouts.stripeSessionId), isNotNull(checkouts.url)));
    if (!row) return undefined;
    const { status, expiresAt } = row.checkout;
    if (status !== 'complete' && expiresAt.getTime() <= clock.now()) return undefined;
    const price = priceForSaleOf(row.price, row.product);
    return { checkout: row.checkout, price, amount: amountOf(price, row.checkout.quantity) };
  }

  /** One effect, however often it is asked for. */
  const pay = (address: PageAddress, cardNumber: string, isAuthenticated: boolean): Promise<Payment> =>
    database.transaction(async (transaction) => {
      const owner = ownerOf(address);
      const [found] = await transaction
        .select({ customerId: checkouts.customerId })
        .from(checkouts)
        .where(isOf(checkouts, address));
      if (!found) return 'expired';
      // First the customer, then the checkout, as whoever opens one does it.
      const { id: customerId } = await lockCustomer(transaction, owner, found.customerId);
      await transaction.select({ id: checkouts.id }).from(checkouts).where(isOf(checkouts, address)).for('update');
      const page = await readCheckout(address, transaction);
      if (!page) return 'expired';
      const { checkout, price } = page;
      if (checkout.status === 'complete') return 'paid';
      if (checkout.status === 'expired') return 'expired';

      const card = cardOfNumber(cardNumber);
      if (!card) return 'unknownCard';
      if (card.outcome === 'isDeclined') return 'declined';
      if (card.outcome === 'asksForAuthentication' && !isAuthenticated) return 'authenticate';
      if (price.recurring) {
        const [current] = await readCurrent(transaction, owner, [customerId]);
        if (current && isRunning(current.row)) return 'hasSubscription';
      }
      const now = new Date(await testClocks.nowMs(owner, transaction));
      const isPaid = await bill(transaction, owner, {
        customerId,
        currency: price.currency,
        lines: [{ description: lineOf(price.productName, checkout.quantity), amount: page.amount }],
        at: now,
        cardLastFour: lastFourOf(card),
        whenUnpaid: 'writeNothing',
      });
      if (!isPaid) return 'declined';
      await deliver(transaction, owner, page, now);
      return 'paid';
    });

  return {
    readCheckout: (address: PageAddress): Promise<CheckoutPage | undefined> => readCheckout(address),
    pay,

    async readInvoice(address: PageAddress) {
      const [invoice] = await db.select().from(simulatedInvoices).where(isOf(simulatedInvoices, address));
      return invoice;
    },

    async readPortal(address: PageAddress): Promise<PortalPage | undefined> {
      const portal = await readPortalRow(db, address, clock.now());
      if (!portal) return undefined;
      const owner = ownerOf(address);
      const invoices = await db
        .select()
        .from(simulatedInvoices)
        .where(
          and(
            eq(simulatedInvoices.merchantId, owner.merchantId),
            eq(simulatedInvoices.environment, owner.environment),
            eq(simulatedInvoices.customerId, portal.customerId),
          ),
        )
        .orderBy(desc(simulatedInvoices.id))
        .limit(100);
      const account = await readAccount(db, owner, portal.customerId);
      return {
        returnUrl: portal.returnUrl,
        cardLastFour: account?.cardLastFour ?? null,
        invoices,
      };
    },

    /** Keeps the card, and pays what is open with it. */
    replaceCard: (address: PageAddress, cardNumber: string): Promise<Payment> =>
      database.transaction(async (transaction) => {
        const portal = await readPortalRow(transaction, address, clock.now());
        if (!portal) return 'expired';
        const card = cardOfNumber(cardNumber);
        if (!card) return 'unknownCard';
        if (card.outcome === 'isDeclined') return 'declined';
        const owner = ownerOf(address);
        await lockCustomer(transaction, owner, portal.customerId);
        await lockUnpaid(transaction, owner, portal.customerId);
        await keepCard(transaction, owner, portal.customerId, lastFourOf(card));
        if (await payOpenInvoices(transaction, owner, portal.customerId)) {
          await reactivate(transaction, owner, portal.customerId);
        }
        return 'paid';
      }),
  };
}

export type Desk = ReturnType<typeof createDesk>;

/** What was paid for: a subscription, or what is had for good. */
async function deliver(
  transaction: Transaction,
  owner: Owner,
  { checkout, price }: CheckoutPage,
  now: Date,
): Promise<void> {
  const { merchantId, environment } = owner;
  const { id, customerId, quantity } = checkout;
  if (price.recurring) {
    await transaction.insert(subscriptions).values({
      merchantId,
      environment,
      id: newId('sub', now.getTime()),
      customerId,
      status: 'active',
      items: [{ priceKey: price.key, quantity }],
      currentPeriodStart: now,
      quotaPeriodStart: now,
      currentPeriodEnd: periodEndOf(now, price.recurring, now),
      periodAnchor: now,
      cancelAtPeriodEnd: false,
      createdAt: now,
    });
  } else {
    await transaction
      .insert(purchases)
      .values({ merchantId, environment, id, customerId, priceKey: price.key, quantity, createdAt: now });
  }
  await transaction
    .update(checkouts)
    .set({ status: 'complete' })
    .where(and(eq(checkouts.merchantId, merchantId), eq(checkouts.environment, environment), eq(checkouts.id, id)));
}

const isUnpaid = ({ merchantId, environment }: Owner, customerId: CustomerId) =>
  and(
    eq(subscriptions.merchantId, merchantId),
    eq(subscriptions.environment, environment),
    eq(subscriptions.customerId, customerId),
    eq(subscriptions.status, 'past_due'),
    isNull(subscriptions.stripeSubscriptionId),
  );

/** Before its account, as a renewal does it: else the two would wait for each other. */
const lockUnpaid = (transaction: Transaction, owner: Owner, customerId: CustomerId) =>
  transaction.select({ id: subscriptions.id }).from(subscriptions).where(isUnpaid(owner, customerId)).for('update');

const reactivate = (transaction: Transaction, owner: Owner, customerId: CustomerId) =>
  transaction.update(subscriptions).set({ status: 'active' }).where(isUnpaid(owner, customerId));

async function readPortalRow(db: Database['db'] | Transaction, address: PageAddress, nowMs: number) {
  const [portal] = await db.select().from(simulatedPortals).where(isOf(simulatedPortals, address));
  return portal && portal.expiresAt.getTime() > nowMs ? portal : undefined;
}

const isOf = (
  table: typeof checkouts | typeof simulatedInvoices | typeof simulatedPortals,
  { merchantId, id }: PageAddress,
) => and(eq(table.merchantId, merchantId), eq(table.environment, 'test'), eq(table.id, id));
