import { sql } from 'drizzle-orm';
import type { UsageEvent } from '../../schema/billing.ts';
import type { Owner } from '../../schema/context.ts';
import { ApiError, notFound } from '../../schema/errors.ts';
import type { CustomerId } from '../../schema/id.ts';
import type { Database } from '../database/database.ts';

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

/** One statement, whose locks are taken in the order of `countAll`: who counts the same at the same time waits. */
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
      where merchant_id = ${merchantId} and environment = ${environment} and id = ${customerId}
        and not exists (select from known)
      for key share
    ), total as (
      insert into usage_totals as total (merchant_id, environment, customer_id, feature_key, period_start, used)
      select ${merchantId}, ${environment}, id, ${featureKey}, ${periodStart}::timestamptz, ${amount}::bigint
      from customer where (${most}::bigint is null or ${amount}::bigint <= ${most}::bigint)
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
  if (!row?.known && !row?.there) throw notFound('Customer');
  if (row.known && !row.same) throw contradiction();
  const used = Number(row.used ?? row.stored ?? 0);
  const outcome = row.known ? 'repeated' : row.used == null ? 'refused' : 'recorded';
  return { outcome, used } as const;
}

/** @param places which events of a call with several. */
export const contradiction = (places: readonly number[] = []) =>
  new ApiError('CONFLICT', 'This idempotency key stands for another use.', {
    ...(places.length > 0 && {
      problems: places.map((place) => ({
        path: ['events', place, 'idempotencyKey'],
        message: 'must not stand for another use, with another amount or feature',
      })),
    }),
  });
