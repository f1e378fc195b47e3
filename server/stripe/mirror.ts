import { and, eq } from 'drizzle-orm';
import type { Owner } from '../../schema/context.ts';
import { ApiError } from '../../schema/errors.ts';
import { isOwned, isUnbound } from '../customers/customer-rows.ts';
import type { Transaction } from '../database/database.ts';
import { customers, deletedCustomers, prices, products, subscriptions } from '../database/tables.ts';
import type { RowProblem, SourceRecord } from '../import/record.ts';
import { writeRecords } from '../import/write.ts';
import { sessionOf, takeSession } from './checkout.ts';
import type { MirroredEvent } from './event.ts';
import { customerOf, priceOf, productOf, subscriptionOf } from './record.ts';

/** What the mirror made of an event: `gone` is about a customer that was deleted, here or at Stripe; `foreign` about a checkout that is not ours. */
export type Mirrored = { readonly kind: 'applied' | 'gone' | 'foreign' } | ({ readonly kind: 'unusable' } & RowProblem);

const applied: Mirrored = { kind: 'applied' };
const gone: Mirrored = { kind: 'gone' };

/**
 * Makes our rows what Stripe's object was at the event. Of what Stripe deletes:
 *
 * - A customer whose it is nobody knows is removed. One that is bound keeps its user, its sessions and its
 *   subscriptions, which Stripe has canceled; only its Stripe id goes. Neither comes back by a late event or an import.
 * - Products and prices stay and become inactive: subscriptions name them, and the merchant's code their keys.
 * - A subscription stays, with its last status.
 *
 * A customer that we had made at Stripe is known by the id of ours that is in its metadata.
 *
 * Throws CONFLICT for what refers to a customer or product that is not here yet: Stripe sends it again, for days, and by
 * then it is. To answer that all is well would lose it.
 */
export async function mirror(
  transaction: Transaction,
  owner: Owner,
  event: MirroredEvent,
  nowMs: number,
): Promise<Mirrored> {
  switch (event.kind) {
    case 'customer':
      return event.stage === 'deleted'
        ? loseCustomer(transaction, owner, event)
        : takeCustomer(transaction, owner, event, nowMs);
    case 'subscription':
      return takeSubscription(transaction, owner, event, nowMs);
    case 'product':
    case 'price':
      return event.stage === 'deleted'
        ? deactivate(transaction, owner, event)
        : takeOffer(transaction, owner, event, nowMs);
    case 'checkout':
      return takeCheckout(transaction, owner, event);
  }
}

async function takeCustomer(
  transaction: Transaction,
  owner: Owner,
  event: MirroredEvent,
  nowMs: number,
): Promise<Mirrored> {
  if (await isGone(transaction, owner, event.objectId)) return gone;
  return write(transaction, owner, customerOf(event.object, event.objectId), nowMs);
}

async function loseCustomer(
  transaction: Transaction,
  owner: Owner,
  { objectId, createdSeconds }: MirroredEvent,
): Promise<Mirrored> {
  const { merchantId, environment } = owner;
  const deletedAt = new Date(createdSeconds * 1_000);
  await transaction
    .insert(deletedCustomers)
    .values({ merchantId, environment, stripeCustomerId: objectId, deletedAt })
    .onConflictDoNothing();
  const isIt = and(isOwned(owner), eq(customers.stripeCustomerId, objectId));
  await transaction.delete(customers).where(and(isIt, isUnbound));
  const [bound] = await transaction
    .update(customers)
    .set({ stripeCustomerId: null })
    .where(isIt)
    .returning({ id: customers.id });
  if (bound) {
    await transaction
      .update(subscriptions)
      .set({ status: 'canceled' })
      .where(and(isOwnedIn(subscriptions, owner), eq(subscriptions.customerId, bound.id)));
  }
  return applied;
}

async function takeSubscription(
  transaction: Transaction,
  owner: Owner,
  event: MirroredEvent,
  nowMs: number,
): Promise<Mirrored> {
  const record = subscriptionOf(event.object, event.objectId);
  if (record && 'kind' in record) {
    const { stripeCustomerId } = record;
    if (await isGone(transaction, owner, stripeCustomerId)) return gone;
    // Locked, so that nobody removes it before the subscription names it.
    const [customer] = await transaction
      .select({ id: customers.id })
      .from(customers)
      .where(and(isOwned(owner), eq(customers.stripeCustomerId, stripeCustomerId)))
      .for('key share');
    if (!customer) throw tooEarly('customer');
  }
  return write(transaction, owner, record, nowMs);
}

/** A product goes under the key that it has, else under its Stripe id. */
async function takeOffer(
  transaction: Transaction,
  owner: Owner,
  event: MirroredEvent,
  nowMs: number,
): Promise<Mirrored> {
  const record = (event.kind === 'product' ? productOf : priceOf)(event.object, event.objectId);
  if (!record || !('kind' in record)) return write(transaction, owner, record, nowMs);

  const stripeProductId = record.kind === 'price' ? record.stripeProductId : record.stripeId;
  const [known] = await transaction
    .select({ key: products.key })
    .from(products)
    .where(and(isOwnedIn(products, owner), eq(products.stripeProductId, stripeProductId)));
  if (!known && record.kind === 'price') throw tooEarly('product');
  return write(transaction, owner, record, nowMs, known?.key);
}

async function deactivate(
  transaction: Transaction,
  owner: Owner,
  { kind, objectId }: MirroredEvent,
): Promise<Mirrored> {
  const [table, column] =
    kind === 'product' ? ([products, products.stripeProductId] as const) : ([prices, prices.stripePriceId] as const);
  await transaction
    .update(table)
    .set({ isActive: false })
    .where(and(isOwnedIn(table, owner), eq(column, objectId)));
  return applied;
}

async function takeCheckout(
  transaction: Transaction,
  owner: Owner,
  { objectId, object, createdSeconds }: MirroredEvent,
): Promise<Mirrored> {
  const session = sessionOf(object);
  if (!session)
    return { kind: 'unusable', where: objectId, reason: 'it is not a checkout session as Stripe writes it' };
  const isOurs = await takeSession(transaction, owner, session, new Date(createdSeconds * 1_000));
  return isOurs ? applied : { kind: 'foreign' };
}

async function write(
  transaction: Transaction,
  owner: Owner,
  record: SourceRecord | RowProblem | undefined,
  nowMs: number,
  productKey?: string,
): Promise<Mirrored> {
  if (!record) return gone;
  if (!('kind' in record)) return { kind: 'unusable', ...record };
  const options = { rehearsalId: undefined, nowMs, productKeyOf: (stripeId: string) => productKey ?? stripeId };
  const { problems } = await writeRecords(transaction, owner, [record], options);
  return problems[0] ? { kind: 'unusable', ...problems[0] } : applied;
}

async function isGone(transaction: Transaction, owner: Owner, stripeCustomerId: string): Promise<boolean> {
  const found = await transaction
    .select({ deletedAt: deletedCustomers.deletedAt })
    .from(deletedCustomers)
    .where(and(isOwnedIn(deletedCustomers, owner), eq(deletedCustomers.stripeCustomerId, stripeCustomerId)));
  return found.length > 0;
}

type OwnedTable = typeof products | typeof prices | typeof subscriptions | typeof deletedCustomers;

const isOwnedIn = (table: OwnedTable, { merchantId, environment }: Owner) =>
  and(eq(table.merchantId, merchantId), eq(table.environment, environment));

const tooEarly = (what: string) => new ApiError('CONFLICT', `Its ${what} is not here yet. Send the event again later.`);
