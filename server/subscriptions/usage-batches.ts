import { sql } from 'drizzle-orm';
import type { Owner } from '../../schema/context.ts';
import { notFound } from '../../schema/errors.ts';
import type { Database, Transaction } from '../database/database.ts';
import { contradiction, type CountedEvent } from './usage-rows.ts';

/**
 * All or nothing; what was counted before, or comes twice, counts once. Whoever counts takes its locks in one order, so that
 * nobody waits in a circle: customers, totals, events. A statement that begins when it has them sees what those have counted
 * who had them before.
 */
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

/** Those that are not there yet are made; they stay, with nothing counted, when all was counted in another period. */
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
