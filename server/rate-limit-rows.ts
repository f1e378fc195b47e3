import { sql } from 'drizzle-orm';
import type { Database } from './database/database.ts';

interface Count {
  readonly key: string;
  readonly points: number;
}

/** What all processes counted under a key, and how much is left of the time in which it is summed up. */
interface SharedCount extends Count {
  readonly endsInMs: number;
}

export interface SharedCounts {
  /** Adds to the sum of each key, and says what the sums are now. The first that is added begins a window. */
  add(counts: readonly Count[], windowSeconds: number): Promise<readonly SharedCount[]>;
}

/** Sums that processes have in common, over windows by the database's clock. */
export function createSharedCounts({ db }: Pick<Database, 'db'>): SharedCounts {
  return {
    async add(counts, windowSeconds) {
      const keys = sql.param(counts.map(({ key }) => key));
      const points = sql.param(counts.map((count) => count.points));
      // In one order, so that two processes do not wait for each other.
      const { rows } = await db.execute<{ key: string; points: number; ends_in_ms: number }>(
        sql`insert into rate_limits as known (key, points, expires_at)
            select key, points, now() + make_interval(secs => ${windowSeconds})
            from unnest(${keys}::text[], ${points}::bigint[]) as counted (key, points)
            order by key collate "C"
            on conflict (key) do update set
              points = excluded.points + case when known.expires_at > now() then known.points else 0 end,
              expires_at = case when known.expires_at > now() then known.expires_at else excluded.expires_at end
            returning key, points::float8, extract(epoch from expires_at - now())::float8 * 1000 as ends_in_ms`,
      );
      return rows.map(({ key, points: sum, ends_in_ms: endsInMs }) => ({ key, points: sum, endsInMs }));
    },
  };
}
