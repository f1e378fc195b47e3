import { and, eq, sql } from 'drizzle-orm';
import type { Owner } from '../../schema/context.ts';
import { ApiError } from '../../schema/errors.ts';
import type { Clock } from '../clock.ts';
import type { Database, Transaction } from '../database/database.ts';
import { testClocks } from '../database/tables.ts';

interface TestClocksOptions {
  readonly database: Pick<Database, 'db'>;
  readonly clock: Pick<Clock, 'now'>;
}

export interface TestClocks {
  /** What time it is for this merchant: in the sandbox as far ahead as its test clock was moved. */
  nowMs(owner: Owner, db?: Database['db'] | Transaction): Promise<number>;
  /** @returns what it shows then. */
  advance(owner: Owner, byMs: number): Promise<number>;
}

/** Far enough for any test, and near enough for every date that follows. */
const mostAheadMs = 100 * 366 * 86_400_000;

export function createTestClocks({ database, clock }: TestClocksOptions): TestClocks {
  return {
    async nowMs({ merchantId, environment }, db = database.db) {
      if (environment === 'live') return clock.now();
      const [row] = await db
        .select({ aheadMs: testClocks.aheadMs })
        .from(testClocks)
        .where(and(eq(testClocks.merchantId, merchantId), eq(testClocks.environment, environment)));
      return clock.now() + (row?.aheadMs ?? 0);
    },

    async advance({ merchantId, environment }, byMs) {
      const [row] = await database.db
        .insert(testClocks)
        .values({ merchantId, environment, aheadMs: byMs })
        .onConflictDoUpdate({
          target: [testClocks.merchantId, testClocks.environment],
          set: { aheadMs: sql`test_clocks.ahead_ms + excluded.ahead_ms` },
          setWhere: sql`test_clocks.ahead_ms + excluded.ahead_ms <= ${mostAheadMs}`,
        })
        .returning({ aheadMs: testClocks.aheadMs });
      if (!row) {
        throw new ApiError('INVALID_INPUT', 'The input is not valid.', {
          problems: [{ path: ['bySeconds'], message: 'must not move the clock more than a hundred years ahead' }],
        });
      }
      return clock.now() + row.aheadMs;
    },
  };
}
