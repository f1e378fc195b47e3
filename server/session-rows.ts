import { and, desc, eq, gt, inArray, lt, lte, type SQL, sql } from 'drizzle-orm';
import type { Owner, Page, PageRequest, SessionFilter, SessionRecord, SessionStatus } from '../schema/context.ts';
import type { CustomerId, KeyId, SessionId } from '../schema/id.ts';
import type { Database } from './database/database.ts';
import { revocations, sessions } from './database/tables.ts';
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

  return {
    async byIds(owner: Owner, ids: readonly SessionId[], now: Date): Promise<SessionRecord[]> {
      const rows = await select(owner, now, inArray(sessions.id, [...ids]));
      return rows.map((row) => toRecord(row, now));
    },

    async page(owner: Owner, request: PageRequest, filter: SessionFilter, now: Date): Promise<Page<SessionRecord>> {
      const isAfter = request.after === undefined ? undefined : lt(sessions.id, request.after as SessionId);
      const rows = await select(owner, now, and(isAfter, matches(filter, now))).limit(request.first + 1);
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
  const isActive = sql`(${sessions.expiresAt} + interval '0' > ${timestamp(now)} and ${revokedAt(now)} is null)`;
  return and(
    customerId == null ? undefined : eq(sessions.customerId, customerId as CustomerId),
    keyId == null ? undefined : eq(sessions.keyId, keyId as KeyId),
    active == null ? undefined : active ? and(gt(sessions.id, oldestActive(now)), isActive) : sql`not ${isActive}`,
  );
}

/** No token lives longer than a day: below this, no session counts. Ids begin with their moment. */
const oldestActive = (now: Date) =>
  newId('ses', now.getTime() - longestTokenMs).slice(0, 'ses_'.length + 10) as SessionId;

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
