import { and, gt, sql } from 'drizzle-orm';
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

/** Brings what any process recorded into this one's memory, dropped and new signing keys too. It polls: that works through poolers and on every PostgreSQL. */
export function createRevocationFeed(options: RevocationFeedOptions) {
  const { database, databaseClock, memory, keyRing, clock, logger } = options;
  let readAt = Number.NEGATIVE_INFINITY;
  let readAllAt = Number.NEGATIVE_INFINITY;
  let forgotAt = clock.monotonic();
  let readUpTo: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let reading: Promise<void> | undefined;
  let isStopped = false;

  async function read() {
    const startedAt = clock.monotonic();
    // Asked for before the rows: what commits between the two is read again next time.
    const now = await databaseClock.read();
    const isAll = startedAt - readAllAt >= readAllEveryMs;
    const isNew =
      isAll || readUpTo === undefined
        ? undefined
        : sql`${revocations.recordedAt} >= ${readUpTo}::timestamptz - make_interval(secs => ${lookBackSeconds})`;
    const found = await database.db
      .select()
      .from(revocations)
      .where(and(gt(revocations.expiresAt, new Date(clock.now())), isNew));
    for (const row of found) memory.remember(row, { ...row, revokedAtMs: row.revokedAt.getTime() });
    await keyRing.read(database);
    readUpTo = now;
    readAt = startedAt;
    if (isAll) readAllAt = startedAt;
  }

  async function readAndRepeat() {
    await read().catch((error: unknown) => logger.warn({ err: error }, 'the revocation feed could not be read'));
    forgetNowAndThen();
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
