import { and, desc, eq, lt } from 'drizzle-orm';
import type { InvoiceRecord } from '../../../schema/billing.ts';
import type { Owner } from '../../../schema/context.ts';
import { ApiError, unknownCursor } from '../../../schema/errors.ts';
import { isInvoiceId } from '../../../schema/id.ts';
import type { Clock } from '../../clock.ts';
import { lockCustomer } from '../../customers/customer-rows.ts';
import type { Database, Transaction } from '../../database/database.ts';
import { simulatedInvoices, simulatedPortals, subscriptions } from '../../database/tables.ts';
import { newId } from '../../id.ts';
import { isRunning, readSubscription, runningOf } from '../../subscriptions/subscription-rows.ts';
import type { Payments, RunningSubscription } from '../payments.ts';
import type { TestClocks } from '../test-clock.ts';
import { bill, readAccount } from './account.ts';
import { cardOfLastFour, expiryOf } from './cards.ts';
import { changeTo, isSamePlan, previewOf } from './change.ts';
import { pageUrl } from './page-url.ts';

export interface SimulatorOptions {
  readonly database: Pick<Database, 'db' | 'transaction'>;
  readonly testClocks: Pick<TestClocks, 'nowMs'>;
  /** The URL of the sandbox, under which its pages are. */
  readonly issuer: string;
  readonly clock: Pick<Clock, 'now'>;
}

const portalLifetimeMs = 3_600_000;

/** The built-in payments of the sandbox: test cards, subscriptions that renew by the test clock, and no money. */
export function createSimulator({ database, testClocks, issuer, clock }: SimulatorOptions): Payments {
  const { db } = database;

  /** What is changed is looked at again under its lock: of two at once, the second one sees what the first one did. */
  const withRunning = (
    owner: Owner,
    { id, customerId }: RunningSubscription,
    work: (transaction: Transaction, subscription: RunningSubscription) => Promise<void>,
    whenEnded: 'refuse' | 'leave' = 'refuse',
  ) =>
    database.transaction(async (transaction) => {
      // First the customer, as everybody does who pays for it.
      await lockCustomer(transaction, owner, customerId);
      await transaction.select({ id: subscriptions.id }).from(subscriptions).where(isRow(owner, id)).for('update');
      const current = await readRunning(transaction, owner, id);
      if (current) await work(transaction, current);
      else if (whenEnded === 'refuse') throw noneRuns();
    });

  const nowOf = async (owner: Owner, executor: Database['db'] | Transaction = db) =>
    new Date(await testClocks.nowMs(owner, executor));

  return {
    openCheckout: async (owner, { id }) => ({ url: pageUrl(issuer, owner, id), stripeSessionId: null }),

    // Its page looks at the row.
    closeCheckout: async () => 'closed',

    async previewChange(owner, subscription, to) {
      const current = await readRunning(db, owner, subscription.id);
      if (!current) throw noneRuns();
      const account = await readAccount(db, owner, current.customerId);
      const change = changeTo(current, to, await nowOf(owner));
      const lines = isSamePlan(current, to) ? [] : change.lines;
      return previewOf({ ...change, lines }, account?.credit[change.currency] ?? 0);
    },

    changePlan: (owner, subscription, to) =>
      withRunning(owner, subscription, async (transaction, current) => {
        if (isSamePlan(current, to)) return;
        // What was not paid is not given back.
        if (current.status === 'past_due') throw paymentFailed('An invoice is open: nothing was changed.');
        const now = await nowOf(owner, transaction);
        const change = changeTo(current, to, now);
        const { customerId } = current;
        const { currency, lines } = change;
        const isPaid = await bill(transaction, owner, {
          customerId,
          currency,
          lines,
          at: now,
          whenUnpaid: 'writeNothing',
        });
        if (!isPaid) throw paymentFailed('The card was declined: nothing was changed.');
        await transaction
          .update(subscriptions)
          .set({
            items: [{ priceKey: to.price.key, quantity: to.quantity }],
            currentPeriodStart: change.currentPeriodStart,
            currentPeriodEnd: change.currentPeriodEnd,
            periodAnchor: change.periodAnchor,
          })
          .where(isRow(owner, current.id));
      }),

    cancel: (owner, subscription, at) =>
      withRunning(
        owner,
        subscription,
        async (transaction, { id, cancelAtPeriodEnd }) => {
          const canceledAt = await nowOf(owner, transaction);
          const end = { status: 'canceled', canceledAt, cancelAtPeriodEnd: false } as const;
          if (at === 'periodEnd' && cancelAtPeriodEnd) return;
          await transaction
            .update(subscriptions)
            .set(at === 'now' ? end : { cancelAtPeriodEnd: true, canceledAt })
            .where(isRow(owner, id));
        },
        'leave',
      ),

    resume: (owner, subscription) =>
      withRunning(owner, subscription, async (transaction, { id }) => {
        await transaction
          .update(subscriptions)
          .set({ cancelAtPeriodEnd: false, canceledAt: null })
          .where(isRow(owner, id));
      }),

    async openPortal(owner, { id: customerId }, returnUrl) {
      const { merchantId, environment } = owner;
      const id = newId('prt', clock.now());
      const expiresAt = new Date(clock.now() + portalLifetimeMs);
      await db.insert(simulatedPortals).values({ merchantId, environment, id, customerId, returnUrl, expiresAt });
      return pageUrl(issuer, owner, id);
    },

    async invoices(owner, { id: customerId }, { first, after }) {
      if (after !== undefined && !isInvoiceId(after)) throw unknownCursor();
      const rows = await db
        .select()
        .from(simulatedInvoices)
        .where(
          and(
            eq(simulatedInvoices.merchantId, owner.merchantId),
            eq(simulatedInvoices.environment, owner.environment),
            eq(simulatedInvoices.customerId, customerId),
            after === undefined ? undefined : lt(simulatedInvoices.id, after),
          ),
        )
        .orderBy(desc(simulatedInvoices.id))
        .limit(first + 1);
      const items = rows.slice(0, first).map((row): InvoiceRecord => ({
        id: row.id,
        number: row.number,
        status: row.status,
        currency: row.currency,
        total: row.total,
        amountDue: row.amountDue,
        amountPaid: row.amountPaid,
        lines: row.lines,
        url: pageUrl(issuer, owner, row.id),
        createdAt: row.createdAt,
      }));
      return { items, hasNextPage: rows.length > first };
    },

    async paymentMethods(owner, { id }) {
      const card = cardOfLastFour((await readAccount(db, owner, id))?.cardLastFour ?? null);
      if (!card) return [];
      const { month, year } = expiryOf(clock.now());
      const lastFour = card.number.slice(-4);
      return [
        {
          id: `card_${lastFour}`,
          type: 'card',
          brand: card.brand,
          lastFour,
          expiryMonth: month,
          expiryYear: year,
          isDefault: true,
        },
      ];
    },
  };
}

async function readRunning(
  executor: Database['db'] | Transaction,
  owner: Owner,
  id: string,
): Promise<RunningSubscription | undefined> {
  const current = await readSubscription(executor, owner, id);
  return current && isRunning(current.row) ? runningOf(current) : undefined;
}

const noneRuns = () => new ApiError('CONFLICT', 'No subscription is running.');
const paymentFailed = (message: string) => new ApiError('PAYMENT_FAILED', message);

export const isRow = ({ merchantId, environment }: Owner, id: string) =>
  and(eq(subscriptions.merchantId, merchantId), eq(subscriptions.environment, environment), eq(subscriptions.id, id));
