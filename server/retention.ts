import { sql } from 'drizzle-orm';
import type { Clock } from './clock.ts';
import type { Database } from './database/database.ts';
import type { Logger } from './log.ts';
import type { SigningKeys } from './token/signing-keys.ts';

interface RetentionOptions {
  readonly database: Pick<Database, 'db'>;
  readonly signingKeys: Pick<SigningKeys, 'removeGone'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
}

const everyMs = 600_000;
/** How long what is over can still be looked up. A revocation explains a session, and stays as long. */
const keptForMs = 30 * 86_400_000;
/** How long a use is known by its idempotency key. What was counted stays counted. */
const usesKeptForMs = 90 * 86_400_000;
const rowsAtOnce = 1_000;

/** Removes what is long over (sessions, revocations, imports, pages on which nothing can be paid, signing keys, counts of rate limits) and uses that nobody repeats, a few at a time, so that the tables stay bounded. */
export function createRetention({ database, signingKeys, clock, logger }: RetentionOptions) {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let isStopped = false;

  /** Rows that somebody else is at are left for the next pass: this waits for nobody. */
  async function removeFrom(table: string, moment: string, ageMs: number): Promise<void> {
    const before = new Date(clock.now() - ageMs).toISOString();
    const name = sql.identifier(table);
    while (!isStopped) {
      const { rowCount } = await database.db.execute(
        sql`delete from ${name} where ctid = any(array(
              select ctid from ${name} where ${sql.identifier(moment)} < ${before}::timestamptz limit ${rowsAtOnce}
              for update skip locked))`,
      );
      if ((rowCount ?? 0) < rowsAtOnce) return;
    }
  }

  /** Runs that are long over, and the ids that interrupted ones have left. */
  async function removeImports(): Promise<void> {
    const before = new Date(clock.now() - keptForMs).toISOString();
    while (!isStopped) {
      const { rowCount } = await database.db.execute(
        sql`delete from imported_ids where ctid = any(array(
              select met.ctid from imported_ids met join imports run
                on run.merchant_id = met.merchant_id and run.environment = met.environment and run.id = met.import_id
              where run.updated_at < ${before}::timestamptz limit ${rowsAtOnce}))`,
      );
      if ((rowCount ?? 0) < rowsAtOnce) break;
    }
    if (!isStopped) await database.db.execute(sql`delete from imports where updated_at < ${before}::timestamptz`);
  }

  async function clean(): Promise<void> {
    for (const table of ['sessions', 'revocations', 'checkouts', 'simulated_portals']) {
      await removeFrom(table, 'expires_at', keptForMs);
    }
    await removeFrom('usage_events', 'created_at', usesKeptForMs);
    await removeFrom('rate_limits', 'expires_at', 0);
    await removeImports();
    await signingKeys.removeGone(clock.now() - keptForMs);
  }

  /** One pass at a time, however long it takes. */
  const cleanQuietly = () =>
    (running ??= clean()
      .catch((error: unknown) => logger.warn({ err: error }, 'old rows were not removed'))
      .finally(() => (running = undefined)));

  return {
    clean,
    start(): void {
      isStopped = false;
      timer = setInterval(() => void cleanQuietly(), everyMs).unref();
    },
    /** What is left of a backlog waits for the next process. */
    async stop(): Promise<void> {
      isStopped = true;
      clearInterval(timer);
      await running;
    },
  };
}
