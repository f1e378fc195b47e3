import { and, asc, gt, type SQL, sql } from 'drizzle-orm';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import type { DatabaseClock } from '../database/database-clock.ts';
import { revocations } from '../database/tables.ts';
import type { Logger } from '../log.ts';
import type { KeyRing } from './key-ring.ts';
import type { RevocationMemory } from './revocation-memory.ts';

interface RevocationFeedOptions {
  /** Not the requests' own, whose connections may all be taken. */
  readonly database: Pick<Database, 'db'>;
  readonly databaseClock: Pick<DatabaseClock, 'read'>;
  readonly memory: RevocationMemory;
  readonly keyRing: Pick<KeyRing, 'read'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const readEveryMs = 250;
/** Older than this, memory is not trusted: revocations promise to be seen within a second. */
export const freshForMs = 1_000;
/** An insert commits within a few statement timeouts (5 s), so that a look back this far misses none. */
const lookBackSeconds = 60;
/** For whatever was later still: a commit that waited for a replica, a database whose clock was set back. */
const readAllEveryMs = 300_000;
const forgetEveryMs = 60_000;
/** Some 20 ms of work: requests are answered in between. */
const rowsAtOnce = 2_000;

const columns = {
  merchantId: revocations.merchantId,
  environment: revocations.environment,
  id: revocations.id,
  kind: revocations.kind,
  subject: revocations.subject,
  revokedAt: revocations.revokedAt,
  // As text: a Date has only milliseconds.
  recordedAt: sql<string>`${revocations.recordedAt}::text`,
};

/** Brings what any process recorded into this one's memory, dropped and new signing keys too. It polls: that works through poolers and on every PostgreSQL. */
export function createRevocationFeed(options: RevocationFeedOptions) {
  const { database, databaseClock, memory, keyRing, clock, logger } = options;
  let readAt = Number.NEGATIVE_INFINITY;
  let readAllAt = Number.NEGATIVE_INFINITY;
  let readingAll: Promise<void> | undefined;
  let forgotAt = clock.monotonic();
  let readUpTo: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let reading: Promise<void> | undefined;
  let isStopped = false;

  /** Remembers the rows in force that fit, a page at a time. `false`: it was stopped before it had them all. */
  async function remember(condition: SQL | undefined): Promise<boolean> {
    let isAfter: SQL | undefined;
    for (;;) {
      const page = await database.db
        .select(columns)
        .from(revocations)
        .where(and(gt(revocations.expiresAt, new Date(clock.now())), condition, isAfter))
        .orderBy(asc(revocations.recordedAt), asc(revocations.id))
        .limit(rowsAtOnce);
      for (const row of page) memory.remember(row, { ...row, revokedAtMs: row.revokedAt.getTime() });
      const last = page[rowsAtOnce - 1];
      if (!last) return true;
      if (isStopped) return false;
      isAfter = sql`(${revocations.recordedAt}, ${revocations.id}) > (${last.recordedAt}::timestamptz, ${last.id})`;
    }
  }

  async function readNew() {
    const startedAt = clock.monotonic();
    // Asked for before the rows: what commits between the two is read again next time.
    const now = await databaseClock.read();
    const isComplete = await remember(
      readUpTo === undefined
        ? undefined
        : sql`${revocations.recordedAt} >= ${readUpTo}::timestamptz - make_interval(secs => ${lookBackSeconds})`,
    );
    if (!isComplete) return;
    await keyRing.read(database);
    readUpTo = now;
    readAt = startedAt;
  }

  /** Takes its time, beside the reading of what is new. */
  async function readAll() {
    readAllAt = clock.monotonic();
    await remember(undefined).catch((error: unknown) => {
      logger.warn({ err: error }, 'the revocations in force could not be read again');
    });
  }

  async function readAndRepeat() {
    await readNew().catch((error: unknown) => logger.warn({ err: error }, 'the revocation feed could not be read'));
    forgetNowAndThen();
    if (!isStopped && clock.monotonic() - readAllAt >= readAllEveryMs) readingAll = readAll();
    if (!isStopped) timer = setTimeout(() => void (reading = readAndRepeat()), readEveryMs).unref();
  }

  /** Walks through all of memory, which is too much for every round. */
  function forgetNowAndThen() {
    if (clock.monotonic() - forgotAt < forgetEveryMs) return;
    memory.forgetExpired();
    forgotAt = clock.monotonic();
  }

  /** Since memory held all that had been recorded. */
  const ageMs = (): number => clock.monotonic() - readAt;

  return {
    ageMs,

    /** Whether memory held, a second ago at most, all that had been recorded. */
    isFresh: (): boolean => ageMs() <= freshForMs,

    /** Rejects when the database cannot be read: a process that knows no revocation must not serve. */
    async start(): Promise<void> {
      isStopped = false;
      readAllAt = clock.monotonic();
      await readNew();
      reading = readAndRepeat();
    },

    async stop(): Promise<void> {
      isStopped = true;
      clearTimeout(timer);
      await Promise.all([reading, readingAll]);
    },
  };
}
