import { sql } from 'drizzle-orm';
import type { Binding, CustomerRecord, Merchant } from '../../schema/context.ts';
import { ApiError, notFound } from '../../schema/errors.ts';
import { type CustomerId, isCustomerId } from '../../schema/id.ts';
import type { Clock } from '../clock.ts';
import type { Database, Transaction } from '../database/database.ts';
import { customers } from '../database/tables.ts';
import type { Revocations } from '../token/revocations.ts';
import { recordAttempt, wasRecorded } from './attempts.ts';
import { moveBelongings } from './belongings.ts';
import { columns, isBoundCustomer, isCustomer, lockCustomer, readCustomer } from './customer-rows.ts';
import type { Unresolved } from './unresolved.ts';

export interface MergeOptions {
  readonly database: Pick<Database, 'db' | 'transaction'>;
  readonly revocations: Pick<Revocations, 'within'>;
  readonly unresolved: Unresolved;
  readonly clock: Pick<Clock, 'now'>;
}

/** Two customers that are one become one: its sessions go on, those of the other end. */
export function createMerge({ database, revocations, unresolved, clock }: MergeOptions): Binding['merge'] {
  async function mergedBefore(merchant: Merchant, from: CustomerId, into: CustomerId) {
    const merged = { customerId: into, outcome: 'MERGED', otherCustomerId: from } as const;
    return (await wasRecorded(database.db, merchant, merged)) ? readCustomer(database.db, merchant, into) : undefined;
  }

  const mergeNow = (merchant: Merchant, from: CustomerId, into: CustomerId, reason: string) =>
    revocations.within(merchant, async (transaction, revoke) => {
      const [one, other] = await lockBoth(transaction, merchant, from, into);
      refuseContradiction(one, other);
      await refuseTwoSubscriptions(transaction, merchant, one, other);
      const result = await join(transaction, merchant, one, other);
      const attempt = { customerId: into, outcome: 'MERGED', otherCustomerId: from, keyId: merchant.keyId } as const;
      await recordAttempt(transaction, merchant, { ...attempt, identity: undefined, reason }, clock.now());
      await revoke({ kind: 'ended_customer', subject: from, revokedAtMs: clock.now() });
      return result;
    });

  return async (merchant, { from, into }, reason) => {
    if (!isCustomerId(from) || !isCustomerId(into)) throw notFound('Customer');
    if (from === into) throw new ApiError('CONFLICT', 'A customer cannot be merged into itself.');
    const before = await mergedBefore(merchant, from, into);
    if (before) return before;
    try {
      return await mergeNow(merchant, from, into, reason);
    } catch (error) {
      // The same call at the same time was quicker.
      const meanwhile = await mergedBefore(merchant, from, into);
      if (meanwhile) return meanwhile;
      throw error;
    } finally {
      unresolved.recount(merchant);
    }
  };
}

async function join(transaction: Transaction, merchant: Merchant, from: CustomerRecord, into: CustomerRecord) {
  await moveBelongings(transaction, merchant, from.id, into.id);
  await transaction.delete(customers).where(isCustomer(merchant, from.id));
  const [merged] = await transaction
    .update(customers)
    .set(joined(from, into))
    .where(isCustomer(merchant, into.id))
    .returning(columns);
  if (!merged) throw notFound('Customer');
  return merged;
}

/** In one order, so that two merges cannot wait for each other. */
async function lockBoth(transaction: Transaction, merchant: Merchant, from: CustomerId, into: CustomerId) {
  const [first, second] = from < into ? [from, into] : [into, from];
  const one = await lockCustomer(transaction, merchant, first);
  const other = await lockCustomer(transaction, merchant, second);
  return from < into ? ([one, other] as const) : ([other, one] as const);
}

function refuseContradiction(from: CustomerRecord, into: CustomerRecord): void {
  if (isBoundCustomer(from) && isBoundCustomer(into)) {
    throw new ApiError('CONFLICT', 'Both customers are bound, to different users or organizations.');
  }
  if (from.stripeCustomerId !== null && into.stripeCustomerId !== null) {
    throw new ApiError('CONFLICT', 'Both customers are customers at Stripe: merge them there first.');
  }
}

/** Both would be paid, and only one be seen. */
async function refuseTwoSubscriptions(transaction: Transaction, merchant: Merchant, ...both: CustomerRecord[]) {
  const { merchantId, environment } = merchant;
  const ids = both.map(({ id }) => id);
  const { rows } = await transaction.execute(sql`
    select distinct customer_id from subscriptions where merchant_id = ${merchantId} and environment = ${environment}
      and customer_id = any(${sql.param(ids)}::text[]) and status in ('trialing', 'active', 'past_due')`);
  if (rows.length > 1)
    throw new ApiError('CONFLICT', 'Both customers have a subscription that runs: cancel one first.');
}

/** What the one that stays has counts; what it lacks comes from the other. */
const joined = (from: CustomerRecord, into: CustomerRecord) => ({
  externalUserId: into.externalUserId ?? from.externalUserId,
  externalOrganizationId: into.externalOrganizationId ?? from.externalOrganizationId,
  stripeCustomerId: into.stripeCustomerId ?? from.stripeCustomerId,
  email: into.email ?? from.email,
  name: into.name ?? from.name,
  metadata: { ...from.metadata, ...into.metadata },
});
