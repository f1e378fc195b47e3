import { and, desc, eq, gt, inArray, lt, lte, max, or, type SQL, sql } from 'drizzle-orm';
import type { Owner, Page, PageRequest, SessionFilter, SessionRecord, SessionStatus } from '../schema/context.ts';
import type { CustomerId, KeyId, SessionId } from '../schema/id.ts';
import type { Database } from './database/database.ts';
import { type RevocationKind, revocations, sessions } from './database/tables.ts';
import { newId } from './id.ts';
import { longestTokenMs } from './token/revocation-memory.ts';

/** Reads sessions. Whether one was revoked is computed from the revocations that concern it: nothing says it twice. */
export function createSessionRows({ db }: Pick<Database, 'db'>) {
  const select = (owner: Owner, now: Date, condition: SQL | undefined) =>
    db
      .select({ ...columns, revokedAt: revokedAt(now) })
      .from(sessions)
      .where(and(isOwned(owner), condition))
      .orderBy(desc(sessions.id));

  /**
   * Below this id no session counts: ids begin with their moment, no token lives longer than a day, and whatever was issued
   * until all of them were revoked at once is over. Without it, all those would be looked at one by one, just after that.
   */
  async function oldestThatMayCount(owner: Owner, { customerId, keyId }: SessionFilter, now: Date): Promise<SessionId> {
    const [last] = await db
      .select({ at: max(revocations.revokedAt) })
      .from(revocations)
      .where(
        and(
          eq(revocations.merchantId, owner.merchantId),
          eq(revocations.environment, owner.environment),
          or(endsAll('merchant', owner.merchantId), endsAll('customer', customerId), endsAll('key', keyId)),
          lte(revocations.revokedAt, now),
        ),
      );
    const oldestMs = Math.max(now.getTime() - longestTokenMs, last?.at?.getTime() ?? 0);
    return newId('ses', oldestMs).slice(0, 'ses_'.length + 10) as SessionId;
  }

  return {
    async byIds(owner: Owner, ids: readonly SessionId[], now: Date): Promise<SessionRecord[]> {
      const rows = await select(owner, now, inArray(sessions.id, [...ids]));
      return rows.map((row) => toRecord(row, now));
    },

    async page(owner: Owner, request: PageRequest, filter: SessionFilter, now: Date): Promise<Page<SessionRecord>> {
      const isAfter = request.after === undefined ? undefined : lt(sessions.id, request.after as SessionId);
      const mayCount = filter.active ? gt(sessions.id, await oldestThatMayCount(owner, filter, now)) : undefined;
      const rows = await select(owner, now, and(isAfter, mayCount, matches(filter, now))).limit(request.first + 1);
      return {
        items: rows.slice(0, request.first).map((row) => toRecord(row, now)),
        hasNextPage: rows.length > request.first,
      };
    },

    /** How many were active just before `moment`, when all of them were revoked: exact up to `maxCounted` in time. */
    async countEndedBy(owner: Owner, filter: SessionFilter, moment: Date): Promise<number> {
      const inTime = db
        .select({
          isEnded: sql<boolean>`(${firstRevocation(sql`${revocations.revokedAt} < ${timestamp(moment)}`)}) is null`.as(
            'is_ended',
          ),
        })
        .from(sessions)
        .where(
          and(isOwned(owner), matches(filter, moment), gt(sessions.expiresAt, moment), lte(sessions.createdAt, moment)),
        )
        .limit(maxCounted)
        .as('in_time');
      return db.$count(inTime, sql`${inTime.isEnded}`);
    },
  };
}

/** Looking for the revocations of one takes some 10 µs: all of these are well within the time of a statement. */
const maxCounted = 10_000;

const columns = {
  id: sessions.id,
  environment: sessions.environment,
  customerId: sessions.customerId,
  keyId: sessions.keyId,
  externalUserId: sessions.externalUserId,
  operations: sessions.operations,
  metadata: sessions.metadata,
  createdAt: sessions.createdAt,
  expiresAt: sessions.expiresAt,
  lastUsedAt: sessions.lastUsedAt,
};

type Row = Pick<typeof sessions.$inferSelect, keyof typeof columns> & { revokedAt: Date | null };

/**
 * The earliest moment at which something ended the session before its time; NULL when nothing has yet. The inner statement
 * is nested, because drizzle takes the table off every column that stands directly in a selection from one table, and
 * `sessions.id` would become the `id` of the revocation.
 */
const revokedAt = (now: Date) => sql<Date | null>`(${firstRevocation(hasBegun(now))})`.mapWith(sessions.createdAt);

/** Only the end of a key may lie ahead. */
const hasBegun = (now: Date) =>
  sql`(${revocations.kind} <> 'ended_key' or ${revocations.revokedAt} <= ${timestamp(now)})`;

const timestamp = (moment: Date) => sql`${moment.toISOString()}::timestamptz`;

/** That the kind and the subject are said apart, too, lets PostgreSQL use the index: pairs it compares with all that the merchant revoked. */
const firstRevocation = (condition: SQL) => sql`
    select min(${revocations.revokedAt}) from ${revocations}
    where ${revocations.merchantId} = ${sessions.merchantId}
      and ${revocations.environment} = ${sessions.environment}
      and ${revocations.kind} = any('{session,ended_key,customer,key,merchant}')
      and ${revocations.subject} = any(array[
        ${sessions.id}, ${sessions.keyId}, ${sessions.customerId}, ${sessions.merchantId}])
      and (${revocations.kind}, ${revocations.subject}) in (
        ('session', ${sessions.id}), ('ended_key', ${sessions.keyId}), ('customer', ${sessions.customerId}),
        ('key', ${sessions.keyId}), ('merchant', ${sessions.merchantId}))
      and (${revocations.kind} in ('session', 'ended_key') or ${revocations.revokedAt} >= ${sessions.createdAt})
      and ${revocations.revokedAt} < ${sessions.expiresAt}
      and ${condition}`;

function matches({ customerId, keyId, active }: SessionFilter, now: Date): SQL | undefined {
  // Adding nothing keeps out the index on the moment: by it all that live would be looked at and sorted, for a page of them.
  const isInTime = sql`${sessions.expiresAt} + interval '0' > ${timestamp(now)}`;
  // PostgreSQL takes what a CASE says for true half of the time, and "is null" for hardly ever: for a few rows in a day it
  // would look at all of that day and sort them.
  const isLeftAlone = sql`case when ${revokedAt(now)} is null then true else false end`;
  const isActive = sql`(${isInTime} and ${isLeftAlone})`;
  return and(
    customerId == null ? undefined : eq(sessions.customerId, customerId as CustomerId),
    keyId == null ? undefined : eq(sessions.keyId, keyId as KeyId),
    active == null ? undefined : active ? isActive : sql`not ${isActive}`,
  );
}

const endsAll = (kind: RevocationKind, subject: string | null | undefined) =>
  subject == null ? undefined : and(eq(revocations.kind, kind), eq(revocations.subject, subject));

const isOwned = ({ merchantId, environment }: Owner) =>
  and(eq(sessions.merchantId, merchantId), eq(sessions.environment, environment));

const toRecord = (row: Row, now: Date): SessionRecord => ({
  ...row,
  operations: row.operations ?? 'all',
  status: statusOf(row, now),
});

const statusOf = ({ revokedAt, expiresAt }: Row, now: Date): SessionStatus => {
  if (revokedAt) return 'revoked';
  return expiresAt <= now ? 'expired' : 'active';
};
