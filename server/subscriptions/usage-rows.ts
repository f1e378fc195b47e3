import { sql } from 'drizzle-orm';
import type { UsageEvent } from '../../schema/billing.ts';
import type { Owner } from '../../schema/context.ts';
import { ApiError, notFound } from '../../schema/errors.ts';
import type { CustomerId } from '../../schema/id.ts';
import type { Database, Transaction } from '../database/database.ts';

export interface CountedEvent extends UsageEvent {
  readonly customerId: CustomerId;
  readonly periodStart: Date;
  readonly countedAt: Date;
}

/**
 * Counts one use, and never more than `most` of them. Whom a quota does not suffice was judged by what others had counted
 * when it began: they may have been the same use, and so it is looked at again.
 */
export async function count(db: Database['db'], owner: Owner, event: CountedEvent, most: number | null) {
  const counted = await countOnce(db, owner, event, most);
  return counted.outcome === 'refused' ? countOnce(db, owner, event, most) : counted;
}

/** One statement, whose locks are taken in the order of `lockTotals`: who counts the same at the same time waits. */
async function countOnce(db: Database['db'], owner: Owner, event: CountedEvent, most: number | null) {
  const { merchantId, environment } = owner;
  const { customerId, featureKey, amount, idempotencyKey } = event;
  const periodStart = event.periodStart.toISOString();
  const { rows } = await db.execute<{
    there: boolean;
    known: boolean;
    same: boolean;
    used: string | null;
    stored: string | null;
  }>(sql`
    with known as (
      select feature_key = ${featureKey} and amount = ${amount}::bigint as same from usage_events
      where merchant_id = ${merchantId} and environment = ${environment} and customer_id = ${customerId}
        and idempotency_key = ${idempotencyKey}
    ), customer as (
      select id from customers
      where merchant_id = ${merchantId} and environment = ${environment} and id = ${customerId} for key share
    ), total as (
      insert into usage_totals as total (merchant_id, environment, customer_id, feature_key, period_start, used)
      select ${merchantId}, ${environment}, id, ${featureKey}, ${periodStart}::timestamptz, ${amount}::bigint
      from customer
      where not exists (select from known) and (${most}::bigint is null or ${amount}::bigint <= ${most}::bigint)
      on conflict (merchant_id, environment, customer_id, feature_key, period_start) do update
        set used = total.used + excluded.used
        where ${most}::bigint is null or total.used + excluded.used <= ${most}::bigint
      returning used
    ), event as (
      insert into usage_events (merchant_id, environment, customer_id, idempotency_key, feature_key, amount, created_at)
      select ${merchantId}, ${environment}, ${customerId}, ${idempotencyKey}, ${featureKey}, ${amount}::bigint,
        ${event.countedAt.toISOString()}::timestamptz
      from total
    )
    select exists (select from customer) as there, exists (select from known) as known,
      coalesce((select same from known), false) as same, (select used from total) as used,
      (select used from usage_totals where merchant_id = ${merchantId} and environment = ${environment}
        and customer_id = ${customerId} and feature_key = ${featureKey}
        and period_start = ${periodStart}::timestamptz) as stored`);
  const [row] = rows;
  if (!row?.there) throw notFound('Customer');
  if (row.known && !row.same) throw contradiction();
  const used = Number(row.used ?? row.stored ?? 0);
  const outcome = row.known ? 'repeated' : row.used == null ? 'refused' : 'recorded';
  return { outcome, used } as const;
}

/** All or nothing; what was counted before, or comes twice, counts once. */
export async function countAll(
  database: Pick<Database, 'transaction'>,
  owner: Owner,
  events: readonly CountedEvent[],
): Promise<number> {
  refuseContradictions(events);
  return database.transaction(async (transaction) => {
    await lockTotals(transaction, owner, events);
    return countLocked(transaction, owner, events);
  });
}

/**
 * Whoever counts takes its locks in one order, so that nobody waits in a circle: customers, totals, events. A statement
 * that begins when it has them sees what those have counted who had them before.
 */
async function lockTotals(transaction: Transaction, owner: Owner, events: readonly CountedEvent[]): Promise<void> {
  const { merchantId, environment } = owner;
  const ids = [...new Set(events.map(({ customerId }) => customerId))];
  const { rows } = await transaction.execute(sql`
    select from customers where merchant_id = ${merchantId} and environment = ${environment}
      and id = any(${sql.param(ids)}::text[]) order by id for key share`);
  if (rows.length < ids.length) throw notFound('Customer');
  await transaction.execute(sql`
    insert into usage_totals as total (merchant_id, environment, customer_id, feature_key, period_start, used)
    select distinct ${merchantId}, ${environment}, customer_id, feature_key, period_start, 0
    from ${givenAs(events)}
    order by 3, 4, 5
    on conflict (merchant_id, environment, customer_id, feature_key, period_start) do update set used = total.used
      where false`);
}

async function countLocked(transaction: Transaction, owner: Owner, events: readonly CountedEvent[]): Promise<number> {
  const { merchantId, environment } = owner;
  const { rows } = await transaction.execute<{ count: string; contradicted: number[] }>(sql`
    with given as (
      select distinct on (customer_id, idempotency_key) * from ${givenAs(events)}
      order by customer_id, idempotency_key, place
    ), known as (
      select place, (known.feature_key, known.amount) is distinct from (given.feature_key, given.amount) as contradicted
      from given join usage_events known on known.merchant_id = ${merchantId} and known.environment = ${environment}
        and known.customer_id = given.customer_id and known.idempotency_key = given.idempotency_key
    ), event as (
      insert into usage_events (merchant_id, environment, customer_id, idempotency_key, feature_key, amount, created_at)
      select ${merchantId}, ${environment}, customer_id, idempotency_key, feature_key, amount, counted_at
      from given
      where not exists (select from known where contradicted) and place not in (select place from known)
      returning customer_id, feature_key, idempotency_key, amount
    ), added as (
      select event.customer_id, event.feature_key, given.period_start, sum(event.amount) as amount
      from event join given using (customer_id, idempotency_key)
      group by 1, 2, 3
    ), total as (
      update usage_totals total set used = total.used + added.amount from added
      where total.merchant_id = ${merchantId} and total.environment = ${environment}
        and total.customer_id = added.customer_id and total.feature_key = added.feature_key
        and total.period_start = added.period_start
    )
    select (select count(*) from event) as count,
      array(select place from known where contradicted order by place) as contradicted`);
  const contradicted = rows[0]?.contradicted ?? [];
  if (contradicted.length > 0) throw contradiction(contradicted);
  return Number(rows[0]?.count ?? 0);
}

/** The events as rows. */
function givenAs(events: readonly CountedEvent[]) {
  const given = events.map((event, place) => ({
    place,
    customer_id: event.customerId,
    feature_key: event.featureKey,
    period_start: event.periodStart,
    amount: event.amount,
    idempotency_key: event.idempotencyKey,
    counted_at: event.countedAt,
  }));
  return sql`json_to_recordset(${JSON.stringify(given)}::json) as given(place int, customer_id text collate "C",
    feature_key text collate "C", period_start timestamptz, amount bigint, idempotency_key text collate "C",
    counted_at timestamptz)`;
}

/** One key for two uses, in one and the same call. */
function refuseContradictions(events: readonly CountedEvent[]): void {
  const uses = new Map<string, CountedEvent>();
  const contradicted = events.flatMap((event, place) => {
    const key = `${event.customerId} ${event.idempotencyKey}`;
    const first = uses.get(key) ?? event;
    uses.set(key, first);
    return first.featureKey === event.featureKey && first.amount === event.amount ? [] : [place];
  });
  if (contradicted.length > 0) throw contradiction(contradicted);
}

/** @param places which events of a call with several. */
const contradiction = (places: readonly number[] = []) =>
  new ApiError('CONFLICT', 'This idempotency key stands for another use.', {
    ...(places.length > 0 && {
      problems: places.map((place) => ({
        path: ['events', place, 'idempotencyKey'],
        message: 'must not stand for another use, with another amount or feature',
      })),
    }),
  });
