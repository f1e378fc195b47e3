import { and, eq, gt, isNull, or, type SQL } from 'drizzle-orm';
import type { Owner } from '../schema/context.ts';
import type { KeyId } from '../schema/id.ts';
import type { Transaction } from './database/database.ts';
import { revocations as revocationTable, secretKeys } from './database/tables.ts';

/** What is read of a secret key: everything but the digest. */
export const recordColumns = {
  merchantId: secretKeys.merchantId,
  environment: secretKeys.environment,
  id: secretKeys.id,
  name: secretKeys.name,
  lastFour: secretKeys.lastFour,
  createdAt: secretKeys.createdAt,
  endsAt: secretKeys.endsAt,
};

export const isOwned = ({ merchantId, environment }: Owner) =>
  and(eq(secretKeys.merchantId, merchantId), eq(secretKeys.environment, environment));

export const isKey = (owner: Owner, id: KeyId) => and(isOwned(owner), eq(secretKeys.id, id));

/** Every process may know of it by now, so that it cannot be taken back. */
export async function isEndOfSessionsAhead(
  transaction: Pick<Transaction, 'select'>,
  { merchantId, environment }: Owner,
  id: KeyId,
  moment: Date,
): Promise<boolean> {
  const ahead = await transaction
    .select({ id: revocationTable.id })
    .from(revocationTable)
    .where(
      and(
        eq(revocationTable.merchantId, merchantId),
        eq(revocationTable.environment, environment),
        eq(revocationTable.kind, 'ended_key'),
        eq(revocationTable.subject, id),
        gt(revocationTable.revokedAt, moment),
      ),
    )
    .limit(1);
  return ahead.length > 0;
}

export const isEnding = {
  not: isNull(secretKeys.endsAt),
  notBefore: (moment: Date) => or(isNull(secretKeys.endsAt), gt(secretKeys.endsAt, moment)),
};

/** Sets the moment where the condition still holds; decided by the database, so that of several who try one succeeds. */
export async function end(
  transaction: Pick<Transaction, 'update'>,
  owner: Owner,
  id: KeyId,
  endsAt: Date,
  condition: SQL | undefined,
): Promise<boolean> {
  const ended = await transaction
    .update(secretKeys)
    .set({ endsAt })
    .where(and(isKey(owner, id), condition))
    .returning({ id: secretKeys.id });
  return ended.length > 0;
}
