import type { Entitlements, Usage, UsageRecord } from '../../schema/billing.ts';
import type { CustomerSelection, Owner } from '../../schema/context.ts';
import { ApiError, notFound } from '../../schema/errors.ts';
import type { CustomerId } from '../../schema/id.ts';
import type { Clock } from '../clock.ts';
import { nameOf, namesOf, readAllSelected } from '../customers/selections.ts';
import { type Database, isContention } from '../database/database.ts';
import { countAll } from './usage-batches.ts';
import { createUsageReadings } from './usage-readings.ts';
import { count } from './usage-rows.ts';

interface UsageOptions {
  readonly database: Pick<Database, 'db' | 'transaction'>;
  readonly entitlements: Entitlements;
  readonly clock: Pick<Clock, 'now'>;
}

/** What customers use of their quotas: counted once for each idempotency key, and only ever upwards. */
export function createUsage({ database, entitlements, clock }: UsageOptions): Usage {
  const { db } = database;

  async function usagesOf(owner: Owner, ids: readonly CustomerId[]): Promise<Map<CustomerId, readonly UsageRecord[]>> {
    const all = await entitlements.of(owner, ids);
    return new Map(ids.map((id, index) => [id, (all[index] ?? []).flatMap(({ usage }) => usage ?? [])]));
  }

  const readings = createUsageReadings(usagesOf);

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
      const { periodStart } = usage;
      const counted = { ...event, customerId: caller.customerId, periodStart, countedAt: new Date(clock.now()) };
      const most = mode === 'consume' ? usage.amount : null;
      const { outcome, used } = await onceMore(() => count(db, caller, counted, most));
      return { outcome, usage: { ...usage, used } };
    },

    async record(merchant, events) {
      if (events.length === 0) return 0;
      const ids = await idsOf(
        merchant,
        events.map(({ customer }) => customer),
      );
      const usages = await usagesOf(merchant, [...new Set(ids)]);
      const countedAt = new Date(clock.now());
      const counted = events.map(({ featureKey, amount, idempotencyKey }, index) => {
        const customerId = ids[index] ?? raise(notFound('Customer'));
        const { periodStart } = usageOf(usages.get(customerId), featureKey, ['events', index, 'featureKey']);
        return { featureKey, amount, idempotencyKey, customerId, periodStart, countedAt };
      });
      return onceMore(() => countAll(database, merchant, counted));
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

function raise(error: ApiError): never {
  throw error;
}
