import { sql } from 'drizzle-orm';
import type { Clock } from './clock.ts';
import type { Database } from './database/database.ts';
import type { Logger } from './log.ts';

interface RetentionOptions {
  readonly database: Pick<Database, 'db'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
}

const everyMs = 600_000;
/** How long what is over can still be looked up. A revocation explains a session, and stays as long. */
const keptForMs = 30 * 86_400_000;
const rowsAtOnce = 1_000;

/** Removes sessions, revocations and imports that are long over, a few at a time, so that the tables stay bounded. */
export function createRetention({ database, clock, logger }: RetentionOptions) {
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  let isStopped = false;

  async function removeFrom(table: 'sessions' | 'revocations'): Promise<void> {
    const before = new Date(clock.now() - keptForMs).toISOString();
    const name = sql.identifier(table);
    while (!isStopped) {
      const { rowCount } = await database.db.execute(
        sql`delete from ${name} where ctid = any(array(
              select ctid from ${name} where expires_at < ${before}::timestamptz limit ${rowsAtOnce}))`,
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
    await removeFrom('sessions');
    await removeFrom('revocations');
    await removeImports();
  }

  const cleanQuietly = () =>
    clean().catch((error: unknown) => logger.warn({ err: error }, 'old rows were not removed'));

  return {
    clean,
    start(): void {
      isStopped = false;
      timer = setInterval(() => void (running = cleanQuietly()), everyMs).unref();
    },
    /** What is left of a backlog waits for the next process. */
    async stop(): Promise<void> {
      isStopped = true;
      clearInterval(timer);
      await running;
    },
  };
}
