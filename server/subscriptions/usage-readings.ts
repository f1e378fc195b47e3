import type { UsageRecord } from '../../schema/billing.ts';
import type { Owner } from '../../schema/context.ts';
import type { CustomerId } from '../../schema/id.ts';
import { createBatch } from '../database/batch.ts';

interface Reader {
  readonly owner: Owner;
  readonly customerId: CustomerId;
}

type UsagesOf = (owner: Owner, ids: readonly CustomerId[]) => Promise<ReadonlyMap<CustomerId, readonly UsageRecord[]>>;

const maxReadersAtOnce = 500;

/** What customers have used of their quotas. Those who ask together are answered together. */
export const createUsageReadings = (usagesOf: UsagesOf) =>
  createBatch<Reader, readonly UsageRecord[]>({
    maxItems: maxReadersAtOnce,
    run: async (readers) => {
      const owners = new Map(readers.map((reader) => [keyOf(reader), reader.owner]));
      const found = new Map<string, Awaited<ReturnType<UsagesOf>>>();
      for (const [key, owner] of owners) {
        const ids = readers.filter((reader) => keyOf(reader) === key).map(({ customerId }) => customerId);
        found.set(key, await usagesOf(owner, [...new Set(ids)]));
      }
      return readers.map((reader) => found.get(keyOf(reader))?.get(reader.customerId) ?? []);
    },
  });

const keyOf = ({ owner: { merchantId, environment } }: Reader) => `${merchantId}:${environment}`;
