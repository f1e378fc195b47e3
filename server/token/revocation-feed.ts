import { and, gt, sql } from 'drizzle-orm';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import { revocations } from '../database/tables.ts';
import type { Logger } from '../log.ts';
import type { RevocationMemory } from './revocation-memory.ts';

interface RevocationFeedOptions {
  readonly database: Pick<Database, 'db'>;
  readonly memory: RevocationMemory;
  readonly clock: Clock;
  readonly logger: Logger;
}

const readEveryMs = 250;
/** Older than this, memory is not trusted: revocations promise to be seen within a second. */
const freshForMs = 1_000;
/** An insert commits within the statement timeout (5 s), so that a look back this far misses none. */
const lookBackSeconds = 10;

/** Brings what any process recorded into this one's memory. It polls: that works through poolers and on every PostgreSQL. */
export function createRevocationFeed({ database, memory, clock, logger }: RevocationFeedOptions) {
  let readAt = Number.NEGATIVE_INFINITY;
  let readUpTo: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let reading: Promise<void> | undefined;
  let isStopped = false;

  async function read() {
    const startedAt = clock.monotonic();
    // Asked for before the rows: what commits between the two is read again next time.
    const { rows } = await database.db.execute<{ now: string }>(sql`select clock_timestamp()::text as now`);
    const isNew =
      readUpTo === undefined
        ? undefined
        : sql`${revocations.recordedAt} >= ${readUpTo}::timestamptz - make_interval(secs => ${lookBackSeconds})`;
    const found = await database.db
      .select()
      .from(revocations)
      .where(and(gt(revocations.expiresAt, new Date(clock.now())), isNew));
    for (const row of found) memory.remember(row, { ...row, revokedAtMs: row.revokedAt.getTime() });
    readUpTo = rows[0]?.now;
    readAt = startedAt;
  }

  async function readAndRepeat() {
    await read().catch((error: unknown) => logger.warn({ err: error }, 'the revocation feed could not be read'));
    memory.forgetExpired();
    if (!isStopped) timer = setTimeout(() => void (reading = readAndRepeat()), readEveryMs).unref();
  }

  return {
    /** Whether memory held, a second ago at most, all that had been recorded. */
    isFresh: (): boolean => clock.monotonic() - readAt <= freshForMs,

    /** Rejects when the database cannot be read: a process that knows no revocation must not serve. */
    async start(): Promise<void> {
      isStopped = false;
      await read();
      reading = readAndRepeat();
    },

    async stop(): Promise<void> {
      isStopped = true;
      clearTimeout(timer);
      await reading;
    },
  };
}
