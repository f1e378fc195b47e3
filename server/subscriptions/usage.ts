import { sql } from 'drizzle-orm';
import type { Entitlements, Usage, UsageEvent, UsageRecord } from '../../schema/billing.ts';
import type { CustomerSelection, Owner } from '../../schema/context.ts';
import { ApiError, notFound } from '../../schema/errors.ts';
import type { CustomerId } from '../../schema/id.ts';
import type { Clock } from '../clock.ts';
import { createBatch } from '../database/batch.ts';
import { nameOf, namesOf, readAllSelected } from '../customers/selections.ts';
import { type Database, isContention } from '../database/database.ts';

interface UsageOptions {
  readonly database: Pick<Database, 'db'>;
  readonly entitlements: Entitlements;
  readonly clock: Pick<Clock, 'now'>;
}

interface Reader {
  readonly owner: Owner;
  readonly customerId: CustomerId;
}

const maxReadersAtOnce = 500;

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

  /** Those who come together are answered together. */
  const readings = createBatch<Reader, readonly UsageRecord[]>({
    maxItems: maxReadersAtOnce,
    write: async (readers) => {
      const keyOf = ({ owner: { merchantId, environment } }: Reader) => `${merchantId}:${environment}`;
      const owners = new Map(readers.map((reader) => [keyOf(reader), reader.owner]));
      const found = new Map<string, Map<CustomerId, readonly UsageRecord[]>>();
      for (const [key, owner] of owners) {
        const ids = readers.filter((reader) => keyOf(reader) === key).map(({ customerId }) => customerId);
        found.set(key, await usagesOf(owner, [...new Set(ids)]));
      }
      return readers.map((reader) => found.get(keyOf(reader))?.get(reader.customerId) ?? []);
    },
  });

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
    if (row?.known && !row.same) throw contradiction();
    const used = Number(row?.used ?? row?.stored ?? 0);
    const outcome = row?.known ? 'repeated' : row?.used == null ? 'refused' : 'recorded';
    return { outcome, used } as const;
  }

  /** Whom the quota does not suffice was judged by what others had counted when it began: they may have been the same use. */
  async function countSurely(owner: Owner, event: CountedEvent, most: number | null) {
    const counted = await count(owner, event, most);
    return counted.outcome === 'refused' ? count(owner, event, most) : counted;
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
    const { rows } = await db.execute<{ count: string; contradicted: string }>(sql`
      with given as (
        select distinct on (customer_id, idempotency_key) * from json_to_recordset(${JSON.stringify(given)}::json)
          as given(customer_id text, feature_key text, period_start timestamptz, amount bigint, idempotency_key text)
        order by customer_id, idempotency_key
      ), contradicted as (
        select 1 from given join usage_events known on known.merchant_id = ${merchantId}
          and known.environment = ${environment} and known.customer_id = given.customer_id
          and known.idempotency_key = given.idempotency_key
        where (known.feature_key, known.amount) is distinct from (given.feature_key, given.amount)
      ), event as (
        insert into usage_events (merchant_id, environment, customer_id, idempotency_key, feature_key, amount, created_at)
        select ${merchantId}, ${environment}, customer_id, idempotency_key, feature_key, amount,
          ${new Date(clock.now()).toISOString()}::timestamptz
        from given where not exists (select from contradicted)
        on conflict do nothing
        returning customer_id, feature_key, idempotency_key, amount
      ), added as (
        select event.customer_id, event.feature_key, given.period_start, sum(event.amount) as amount
        from event join given using (customer_id, idempotency_key)
        group by 1, 2, 3
      ), total as (
        insert into usage_totals as total (merchant_id, environment, customer_id, feature_key, period_start, used)
        select ${merchantId}, ${environment}, customer_id, feature_key, period_start, amount from added
        order by customer_id, feature_key
        on conflict (merchant_id, environment, customer_id, feature_key, period_start) do update
          set used = total.used + excluded.used
        returning 1
      )
      select (select count(*) from event) as count, (select count(*) from contradicted) as contradicted`);
    if (Number(rows[0]?.contradicted) > 0) throw contradiction();
    return Number(rows[0]?.count ?? 0);
  }

  /** In the order asked for. @throws {ApiError} NOT_FOUND when one of them is not there. */
  async function idsOf(owner: Owner, selections: readonly CustomerSelection[]): Promise<CustomerId[]> {
    const rows = await readAllSelected(db, owner, selections);
    const ids = new Map(rows.flatMap((row) => namesOf(row).map((name) => [name, row.id])));
    return selections.map((selection) => ids.get(nameOf(selection)) ?? raise(notFound('Customer')));
  }

  return {
    async track(caller, event, mode) {
      const usages = await readings.add({ owner: caller, customerId: caller.customerId });
      const usage = usageOf(usages, event.featureKey, ['input', 'featureKey']);
      const counted = { ...event, customerId: caller.customerId, periodStart: usage.periodStart };
      const most = mode === 'consume' ? usage.amount : null;
      const { outcome, used } = await onceMore(() => countSurely(caller, counted, most));
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
      refuseContradictions(counted);
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

/** One key for two uses, in one and the same call. */
function refuseContradictions(events: readonly CountedEvent[]): void {
  const uses = new Map<string, CountedEvent>();
  for (const event of events) {
    const key = `${event.customerId} ${event.idempotencyKey}`;
    const { featureKey, amount } = uses.get(key) ?? event;
    if (featureKey !== event.featureKey || amount !== event.amount) throw contradiction();
    uses.set(key, event);
  }
}

const contradiction = () => new ApiError('CONFLICT', 'This idempotency key stands for another use.');

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

function raise(error: ApiError): never {
  throw error;
}
