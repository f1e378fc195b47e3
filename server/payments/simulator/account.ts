import { and, eq } from 'drizzle-orm';
import type { AmountLine } from '../../../schema/billing.ts';
import type { Owner } from '../../../schema/context.ts';
import type { CustomerId } from '../../../schema/id.ts';
import type { Database, Transaction } from '../../database/database.ts';
import { simulatedAccounts, simulatedInvoices } from '../../database/tables.ts';
import { newId } from '../../id.ts';
import { cardOfLastFour } from './cards.ts';

type Account = typeof simulatedAccounts.$inferSelect;

const isAccount = ({ merchantId, environment }: Owner, customerId: CustomerId) =>
  and(
    eq(simulatedAccounts.merchantId, merchantId),
    eq(simulatedAccounts.environment, environment),
    eq(simulatedAccounts.customerId, customerId),
  );

export async function readAccount(
  db: Database['db'] | Transaction,
  owner: Owner,
  customerId: CustomerId,
): Promise<Account | undefined> {
  const [account] = await db.select().from(simulatedAccounts).where(isAccount(owner, customerId));
  return account;
}

/** Nobody else charges it until the transaction ends. */
export async function lockAccount(transaction: Transaction, owner: Owner, customerId: CustomerId): Promise<Account> {
  const { merchantId, environment } = owner;
  await transaction.insert(simulatedAccounts).values({ merchantId, environment, customerId }).onConflictDoNothing();
  const [account] = await transaction
    .select()
    .from(simulatedAccounts)
    .where(isAccount(owner, customerId))
    .for('update');
  if (!account) throw new TypeError('An account that was just there.');
  return account;
}

export async function keepCard(
  transaction: Transaction,
  owner: Owner,
  customerId: CustomerId,
  cardLastFour: string,
): Promise<void> {
  await lockAccount(transaction, owner, customerId);
  await transaction.update(simulatedAccounts).set({ cardLastFour }).where(isAccount(owner, customerId));
}

export interface Bill {
  readonly customerId: CustomerId;
  readonly currency: string;
  readonly lines: readonly AmountLine[];
  readonly at: Date;
  /** Charged instead of the card that is kept, and kept when it pays. */
  readonly cardLastFour?: string;
  /** What happens to an invoice that cannot be paid: it stays open, or it was never written. */
  readonly whenUnpaid: 'keepOpen' | 'writeNothing';
}

export const totalOf = (lines: readonly AmountLine[]) => lines.reduce((sum, { amount }) => sum + amount, 0);

/** What has to be paid of a total when so much was given back before. */
export const dueOf = (total: number, credit: number) => Math.max(0, total - credit);

/** Writes an invoice and charges the card. What it gives back, or does not use up, counts towards the next ones. @returns whether it is paid. */
export async function bill(transaction: Transaction, owner: Owner, given: Bill): Promise<boolean> {
  const { merchantId, environment } = owner;
  const { customerId, currency, lines, at, whenUnpaid } = given;
  const account = await lockAccount(transaction, owner, customerId);
  const cardLastFour = given.cardLastFour ?? account.cardLastFour;
  const credit = account.credit[currency] ?? 0;
  const total = totalOf(lines);
  const amountDue = dueOf(total, credit);
  const isPaid = amountDue === 0 || canPay({ cardLastFour });
  if (!isPaid && whenUnpaid === 'writeNothing') return false;

  const id = newId('inv', at.getTime());
  await transaction.insert(simulatedInvoices).values({
    merchantId,
    environment,
    id,
    customerId,
    number: `TEST-${id.slice(-8).toUpperCase()}`,
    status: isPaid ? 'paid' : 'open',
    currency,
    lines: [...lines],
    total,
    amountDue,
    amountPaid: isPaid ? amountDue : 0,
    createdAt: at,
  });
  await transaction
    .update(simulatedAccounts)
    .set({ cardLastFour, credit: { ...account.credit, [currency]: Math.max(0, credit - total) } })
    .where(isAccount(owner, customerId));
  return isPaid;
}

/** What is still open is given up. */
export const giveUpOpenInvoices = (transaction: Transaction, owner: Owner, customerId: CustomerId) =>
  transaction.update(simulatedInvoices).set({ status: 'uncollectible' }).where(isOpen(owner, customerId));

/** Charges what is still open. @returns whether all is paid. */
export async function payOpenInvoices(
  transaction: Transaction,
  owner: Owner,
  customerId: CustomerId,
): Promise<boolean> {
  if (!canPay(await lockAccount(transaction, owner, customerId))) return false;
  await transaction
    .update(simulatedInvoices)
    .set({ status: 'paid', amountPaid: simulatedInvoices.amountDue })
    .where(isOpen(owner, customerId));
  return true;
}

const isOpen = ({ merchantId, environment }: Owner, customerId: CustomerId) =>
  and(
    eq(simulatedInvoices.merchantId, merchantId),
    eq(simulatedInvoices.environment, environment),
    eq(simulatedInvoices.customerId, customerId),
    eq(simulatedInvoices.status, 'open'),
  );

function canPay({ cardLastFour }: Pick<Account, 'cardLastFour'>): boolean {
  const outcome = cardOfLastFour(cardLastFour)?.outcome;
  return outcome === 'pays' || outcome === 'asksForAuthentication';
}
