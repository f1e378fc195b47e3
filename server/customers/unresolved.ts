import { and, desc, eq, type SQL, sql } from 'drizzle-orm';
import { LRUCache } from 'lru-cache';
import type {
  Owner,
  Page,
  PageRequest,
  UnresolvedBucket,
  UnresolvedCustomer,
  UnresolvedReason,
} from '../../schema/context.ts';
import type { CustomerId } from '../../schema/id.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import { customers } from '../database/tables.ts';
import type { Logger } from '../log.ts';
import { columns, isAfter, isOwned, isUnbound } from './customer-rows.ts';

export interface Unresolved {
  /** At most `mostCounted`, at most a second old. When nobody can say now, what was known last. */
  count(owner: Owner): Promise<number>;
  /** To be called when this process has changed what is counted. */
  recount(owner: Owner): void;
  /** One less: a session has found its customer. */
  noteBound(owner: Owner): void;
  list(owner: Owner, page: PageRequest, bucket: UnresolvedBucket | undefined): Promise<Page<UnresolvedCustomer>>;
  find(owner: Owner, id: CustomerId): Promise<UnresolvedCustomer | null>;
  countByReason(owner: Owner): Promise<readonly { reason: UnresolvedReason; count: number }[]>;
}

interface UnresolvedOptions {
  readonly database: Pick<Database, 'db'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly logger: Logger;
}

const countedForMs = 1_000;
const maxOwners = 10_000;
/** Counting more would take a session's time, and tells nobody more. */
const mostCounted = 10_000;

/** Imported customers that are nobody's yet. Why is computed when it is asked: nothing stored can be out of date. */
export function createUnresolved({ database: { db }, clock, logger }: UnresolvedOptions): Unresolved {
  const counts = new LRUCache<string, { count: number }, Owner>({
    max: maxOwners,
    ttl: countedForMs,
    perf: { now: () => clock.monotonic() },
    ignoreFetchAbort: true,
    fetchMethod: async (_key, stale, { context }) => {
      try {
        return { count: await read(context) };
      } catch (error) {
        logger.warn({ err: error }, 'unresolved customers could not be counted');
        return stale ?? { count: 0 };
      }
    },
  });

  const read = (owner: Owner) =>
    db.$count(
      db
        .select({ id: customers.id })
        .from(customers)
        .where(and(isOwned(owner), isUnbound))
        .limit(mostCounted)
        .as('unbound'),
    );

  const select = (owner: Owner, condition: SQL | undefined) =>
    db
      .select({ ...columns, reason: reasonOf.as('reason') })
      .from(customers)
      .where(and(isOwned(owner), isUnbound, condition));

  return {
    async count(owner) {
      return (await counts.forceFetch(keyOf(owner), { context: owner })).count;
    },

    recount: (owner) => void counts.delete(keyOf(owner)),

    noteBound(owner) {
      const known = counts.peek(keyOf(owner));
      if (known && known.count > 0) known.count -= 1;
    },

    async list(owner, page, bucket) {
      const isInBucket = bucket && sql`(${reasonOf} = 'AWAITS_SESSION') = ${bucket === 'PENDING'}`;
      const rows = await select(owner, and(isAfter(page), isInBucket))
        .orderBy(desc(customers.id))
        .limit(page.first + 1);
      return { items: rows.slice(0, page.first).map(toUnresolved), hasNextPage: rows.length > page.first };
    },

    async find(owner, id) {
      const [row] = await select(owner, eq(customers.id, id));
      return row ? toUnresolved(row) : null;
    },

    countByReason: (owner) => {
      const reasons = select(owner, undefined).as('unresolved');
      return db
        .select({ reason: reasons.reason, count: sql<number>`count(*)::int` })
        .from(reasons)
        .groupBy(reasons.reason);
    },
  };
}

const keyOf = ({ merchantId, environment }: Owner) => `${merchantId}:${environment}`;

/** Written with the table's name: drizzle takes it off columns that stand directly in a selection from one table. */
const another = (condition: string) =>
  sql.raw(`exists (
    select from customers another
    where another.merchant_id = customers.merchant_id and another.environment = customers.environment
      and another.email_key = customers.email_key and another.id <> customers.id and ${condition})`);

const reasonOf = sql<UnresolvedReason>`case
  when ${sql.raw('customers.email')} is null then 'NO_EMAIL'
  when ${sql.raw('customers.email_key')} is null then 'EMAIL_NOT_COMPARABLE'
  when exists (
    select from bind_attempts tried
    where tried.merchant_id = ${sql.raw('customers.merchant_id')} and tried.environment = ${sql.raw('customers.environment')}
      and tried.other_customer_id = ${sql.raw('customers.id')} and tried.outcome = 'CUSTOMER_EXISTS') then 'CUSTOMER_EXISTS'
  when ${another('(num_nonnulls(another.external_user_id, another.external_organization_id) = 0 or another.stripe_customer_id is not null)')}
    then 'EMAIL_COLLISION'
  when ${another('true')} then 'CUSTOMER_EXISTS'
  else 'AWAITS_SESSION' end`;

function toUnresolved({ reason, ...customer }: UnresolvedCustomer['customer'] & { reason: UnresolvedReason }) {
  const bucket: UnresolvedBucket = reason === 'AWAITS_SESSION' ? 'PENDING' : 'NEEDS_ATTENTION';
  return { customer, bucket, reason };
}
