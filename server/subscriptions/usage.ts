import { sql } from 'drizzle-orm';
import type { Entitlements, Usage, UsageEvent, UsageRecord } from '../../schema/billing.ts';
import type { CustomerSelection, Owner } from '../../schema/context.ts';
import { ApiError, notFound } from '../../schema/errors.ts';
import { type CustomerId, isCustomerId } from '../../schema/id.ts';
import type { Clock } from '../clock.ts';
import { type Database, isContention } from '../database/database.ts';

interface UsageOptions {
  readonly database: Pick<Database, 'db'>;
  readonly entitlements: Entitlements;
  readonly clock: Pick<Clock, 'now'>;
}

interface CountedEvent extends UsageEvent {
  readonly customerId: CustomerId;
  readonly periodStart: Date;
}

/** What customers use of their quotas: counted once for each idempotency key, and only ever upwards. */
export function createUsage({ database: { db }, entitlements, clock }: UsageOptions): Usage {
  async function usagesOf(owner: Owner, ids: readonly CustomerId[]): Promise<Map<CustomerId, readonly UsageRecord[]>> {
    const all = await entitlements.of(owner, ids);
    return new Map(ids.map((id, index) => [id, (all[index] ?? []).flatMap(({ usage }) => usage ?? [])]));
  }

  /** One statement: whoever counts the same at the same time waits for the row of the total. */
  async function count(owner: Owner, event: CountedEvent, most: number | null) {
    const { merchantId, environment } = owner;
    const { customerId, featureKey, amount, idempotencyKey } = event;
    const periodStart = event.periodStart.toISOString();
    const { rows } = await db.execute<{
      known: boolean;
      same: boolean;
      used: string | null;
      stored: string | null;
    }>(sql`
      with known as (
        select feature_key = ${featureKey} and amount = ${amount}::bigint as same from usage_events
        where merchant_id = ${merchantId} and environment = ${environment} and customer_id = ${customerId}
          and idempotency_key = ${idempotencyKey}
      ), total as (
        insert into usage_totals as total (merchant_id, environment, customer_id, feature_key, period_start, used)
        select ${merchantId}, ${environment}, ${customerId}, ${featureKey}, ${periodStart}::timestamptz, ${amount}::bigint
        where not exists (select from known) and (${most}::bigint is null or ${amount}::bigint <= ${most}::bigint)
        on conflict (merchant_id, environment, customer_id, feature_key, period_start) do update
          set used = total.used + excluded.used
          where ${most}::bigint is null or total.used + excluded.used <= ${most}::bigint
        returning used
      ), event as (
        insert into usage_events (merchant_id, environment, customer_id, idempotency_key, feature_key, amount, created_at)
        select ${merchantId}, ${environment}, ${customerId}, ${idempotencyKey}, ${featureKey}, ${amount}::bigint,
          ${new Date(clock.now()).toISOString()}::timestamptz
        from total
      )
      select exists (select from known) as known, coalesce((select same from known), false) as same,
        (select used from total) as used,
        (select used from usage_totals where merchant_id = ${merchantId} and environment = ${environment}
          and customer_id = ${customerId} and feature_key = ${featureKey}
          and period_start = ${periodStart}::timestamptz) as stored`);
    const [row] = rows;
    if (row?.known && !row.same) throw new ApiError('CONFLICT', 'This idempotency key stands for another use.');
    const used = Number(row?.used ?? row?.stored ?? 0);
    const outcome = row?.known ? 'repeated' : row?.used == null ? 'refused' : 'recorded';
    return { outcome, used } as const;
  }

  /** All or nothing; what was counted before, or comes twice, counts once. */
  async function countAll({ merchantId, environment }: Owner, events: readonly CountedEvent[]): Promise<number> {
    const given = events.map((event) => ({
      customer_id: event.customerId,
      feature_key: event.featureKey,
      period_start: event.periodStart,
      amount: event.amount,
      idempotency_key: event.idempotencyKey,
    }));
    const { rows } = await db.execute<{ count: string }>(sql`
      with given as (
        select * from json_to_recordset(${JSON.stringify(given)}::json) as given(customer_id text, feature_key text,
          period_start timestamptz, amount bigint, idempotency_key text)
      ), event as (
        insert into usage_events (merchant_id, environment, customer_id, idempotency_key, feature_key, amount, created_at)
        select ${merchantId}, ${environment}, customer_id, idempotency_key, feature_key, amount,
          ${new Date(clock.now()).toISOString()}::timestamptz
        from given order by customer_id, idempotency_key
        on conflict do nothing
        returning customer_id, feature_key, idempotency_key, amount
      ), added as (
        select event.customer_id, event.feature_key, first.period_start, sum(event.amount) as amount
        from event cross join lateral (
          select period_start from given where given.customer_id = event.customer_id
            and given.feature_key = event.feature_key limit 1) first
        group by 1, 2, 3
      ), total as (
        insert into usage_totals as total (merchant_id, environment, customer_id, feature_key, period_start, used)
        select ${merchantId}, ${environment}, customer_id, feature_key, period_start, amount from added
        order by customer_id, feature_key
        on conflict (merchant_id, environment, customer_id, feature_key, period_start) do update
          set used = total.used + excluded.used
        returning 1
      )
      select count(*) as count from event where (select count(*) from total) >= 0`);
    return Number(rows[0]?.count ?? 0);
  }

  /** In the order asked for. @throws {ApiError} NOT_FOUND when one of them is not there. */
  async function idsOf({ merchantId, environment }: Owner, selections: readonly CustomerSelection[]) {
    const given = selections.map((selection, place) => ({ place, kind: selection.kind, text: textOf(selection) }));
    const { rows } = await db.execute<{ id: CustomerId | null }>(sql`
      select customer.id from json_to_recordset(${JSON.stringify(given)}::json) as given(place int, kind text, text text)
      left join customers customer on customer.merchant_id = ${merchantId} and customer.environment = ${environment}
        and case given.kind when 'id' then customer.id = given.text
          when 'user' then customer.external_user_id = given.text
          when 'organization' then customer.external_organization_id = given.text
          else customer.stripe_customer_id = given.text end
      order by given.place`);
    return rows.map(({ id }) => id ?? raise(notFound('Customer')));
  }

  return {
    async track(caller, event, mode) {
      const [usages] = (await usagesOf(caller, [caller.customerId])).values();
      const usage = usageOf(usages, event.featureKey, ['input', 'featureKey']);
      const counted = { ...event, customerId: caller.customerId, periodStart: usage.periodStart };
      const most = mode === 'consume' ? usage.amount : null;
      const { outcome, used } = await onceMore(() => count(caller, counted, most));
      return { outcome, usage: { ...usage, used } };
    },

    async record(merchant, events) {
      if (events.length === 0) return 0;
      const ids = await idsOf(
        merchant,
        events.map(({ customer }) => customer),
      );
      const usages = await usagesOf(merchant, [...new Set(ids)]);
      const counted = events.map(({ featureKey, amount, idempotencyKey }, index) => {
        const customerId = ids[index] ?? raise(notFound('Customer'));
        const { periodStart } = usageOf(usages.get(customerId), featureKey, ['events', index, 'featureKey']);
        return { featureKey, amount, idempotencyKey, customerId, periodStart };
      });
      return onceMore(() => countAll(merchant, counted));
    },
  };
}

/** Two that name the same use at the same moment: the second one finds what the first one wrote. */
async function onceMore<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!isContention(error)) throw error;
    return work();
  }
}

function usageOf(
  usages: readonly UsageRecord[] | undefined,
  featureKey: string,
  path: readonly (string | number)[],
): UsageRecord {
  const usage = usages?.find(({ feature }) => feature.key === featureKey);
  if (usage) return usage;
  throw new ApiError('INVALID_INPUT', 'The input is not valid.', {
    problems: [{ path, message: 'must be a feature that is a quota' }],
  });
}

function textOf(selection: CustomerSelection): string {
  switch (selection.kind) {
    case 'id':
      return isCustomerId(selection.id) ? selection.id : raise(notFound('Customer'));
    case 'user':
      return selection.externalUserId;
    case 'organization':
      return selection.externalOrganizationId;
    case 'stripe':
      return selection.stripeCustomerId;
  }
}

function raise(error: ApiError): never {
  throw error;
}
