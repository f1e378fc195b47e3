import { sql } from 'drizzle-orm';
import type { Owner } from '../../../schema/context.ts';
import type { CustomerId } from '../../../schema/id.ts';
import { lockCustomer } from '../../customers/customer-rows.ts';
import type { Database, Transaction } from '../../database/database.ts';
import { subscriptions } from '../../database/tables.ts';
import type { Logger } from '../../log.ts';
import { isRunning, readSubscription, runningOf } from '../../subscriptions/subscription-rows.ts';
import type { Clock } from '../../clock.ts';
import { bill, giveUpOpenInvoices, payOpenInvoices } from './account.ts';
import { amountOf } from './amount.ts';
import { periodEndOf } from './period.ts';
import { isRow } from './simulator.ts';

interface RenewalsOptions {
  readonly database: Pick<Database, 'db' | 'transaction'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
}

interface Due extends Record<string, unknown> {
  readonly merchant_id: Owner['merchantId'];
  readonly customer_id: CustomerId;
  readonly id: string;
}

const everyMs = 60_000;
const atOnce = 100;

/** What happens by itself in the built-in payments: renewals, failed payments, ends. */
export function createRenewals({ database, clock, logger }: RenewalsOptions) {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let isStopped = false;

  /** The earliest first, so that a year is twelve months one after the other. */
  async function readDue(merchantId: Owner['merchantId'] | undefined, failed: ReadonlySet<string>): Promise<Due[]> {
    const now = new Date(clock.now()).toISOString();
    const { rows } = await database.db.execute<Due>(sql`
      select subscription.merchant_id, subscription.customer_id, subscription.id
      from subscriptions subscription left join test_clocks test_clock
        on test_clock.merchant_id = subscription.merchant_id and test_clock.environment = subscription.environment
      where stripe_subscription_id is null and status in ('trialing', 'active', 'past_due')
        and subscription.environment = 'test'
        and current_period_end <= ${now}::timestamptz + coalesce(ahead_ms, 0) * interval '1 millisecond'
        ${merchantId === undefined ? sql`` : sql`and subscription.merchant_id = ${merchantId}`}
        and subscription.id <> all(${sql.param([...failed])}::text[])
      order by current_period_end limit ${atOnce}`);
    return rows;
  }

  const renewDue = ({ merchant_id: merchantId, customer_id: customerId, id }: Due) =>
    database.transaction(async (transaction) => {
      const owner: Owner = { merchantId, environment: 'test' };
      await lockCustomer(transaction, owner, customerId);
      await transaction.select({ id: subscriptions.id }).from(subscriptions).where(isRow(owner, id)).for('update');
      const nowMs = await nowOf(transaction, owner);
      const current = await readSubscription(transaction, owner, id);
      // Another process was first.
      if (!current || !isRunning(current.row)) return;
      const { currentPeriodEnd } = current.row;
      if (!currentPeriodEnd || currentPeriodEnd.getTime() > nowMs) return;
      await transaction
        .update(subscriptions)
        .set(
          await nextOf(
            transaction,
            owner,
            runningOf(current),
            currentPeriodEnd,
            current.row.periodAnchor ?? current.row.createdAt,
          ),
        )
        .where(isRow(owner, id));
    });

  /** By the same clock as the question what is due. */
  async function nowOf(transaction: Transaction, { merchantId, environment }: Owner): Promise<number> {
    const { rows } = await transaction.execute<{ ahead_ms: string }>(
      sql`select ahead_ms from test_clocks where merchant_id = ${merchantId} and environment = ${environment}`,
    );
    return clock.now() + Number(rows[0]?.ahead_ms ?? 0);
  }

  async function settle(merchantId?: Owner['merchantId']): Promise<void> {
    /** One that cannot be renewed must not keep the others waiting. */
    const failed = new Set<string>();
    for (;;) {
      const due = await readDue(merchantId, failed);
      for (const one of due) {
        if (isStopped && merchantId === undefined) return;
        await renewDue(one).catch((error: unknown) => {
          failed.add(one.id);
          logger.warn({ err: error, subscriptionId: one.id }, 'a subscription of the sandbox was not renewed');
        });
      }
      if (due.length === 0) return;
    }
  }

  const settleQuietly = () =>
    settle().catch((error: unknown) => logger.warn({ err: error }, 'subscriptions of the sandbox were not renewed'));

  return {
    /** Lets happen what is due for this merchant. */
    settleFor: ({ merchantId }: Owner) => settle(merchantId),
    start(): void {
      isStopped = false;
      // One after the other, so that stopping waits for all there is.
      timer = setInterval(
        () => void (running ??= settleQuietly().finally(() => (running = undefined))),
        everyMs,
      ).unref();
    },
    async stop(): Promise<void> {
      isStopped = true;
      clearInterval(timer);
      await running;
    },
  };
}

/** What a subscription is after its period. A payment that fails is tried once more, a period later; then it ends. */
async function nextOf(
  transaction: Transaction,
  owner: Owner,
  subscription: ReturnType<typeof runningOf>,
  at: Date,
  anchor: Date,
): Promise<Partial<typeof subscriptions.$inferInsert>> {
  const { customerId, status, cancelAtPeriodEnd } = subscription;
  const [item] = subscription.items;
  if (cancelAtPeriodEnd) return { status: 'canceled' };
  if (!item?.price?.recurring) return { status: 'canceled', canceledAt: at };
  const { price, quantity } = item;
  const lines = [{ description: lineOf(price.productName, quantity), amount: amountOf(price, quantity) }];
  const isLastTry = status === 'past_due';
  const isPaid = await bill(transaction, owner, {
    customerId,
    currency: price.currency,
    lines,
    at,
    whenUnpaid: isLastTry ? 'writeNothing' : 'keepOpen',
  });
  if (!isPaid && isLastTry) {
    await giveUpOpenInvoices(transaction, owner, customerId);
    return { status: 'canceled', canceledAt: at };
  }
  if (isPaid && isLastTry) await payOpenInvoices(transaction, owner, customerId);
  return {
    status: isPaid ? 'active' : 'past_due',
    currentPeriodStart: at,
    quotaPeriodStart: at,
    currentPeriodEnd: periodEndOf(at, item.price.recurring, anchor),
  };
}

export const lineOf = (productName: string, quantity: number) =>
  quantity === 1 ? productName : `${quantity} × ${productName}`;
