import { and, eq, gte, lte, or, type SQL } from 'drizzle-orm';
import type { Owner } from '../../schema/context.ts';
import { ApiError } from '../../schema/errors.ts';
import type { Clock } from '../clock.ts';
import type { Database, Transaction } from '../database/database.ts';
import type { DatabaseClock } from '../database/database-clock.ts';
import { revocations } from '../database/tables.ts';
import { newId, timeOfId } from '../id.ts';
import type { Logger } from '../log.ts';
import type { KeyRing } from './key-ring.ts';
import { tokenRevoked } from './credential-error.ts';
import { createRevocationFeed } from './revocation-feed.ts';
import {
  createRevocationMemory,
  endsWhatFollows,
  mayLieAhead,
  rememberedForMs,
  type Revocation,
  subjectsOf,
} from './revocation-memory.ts';
import type { SessionClaims } from './token.ts';

export interface Revocations {
  /**
   * Written once this resolves, seen by this process at once and by the others within a second.
   * What must change together with it goes `alongside`, in the same transaction.
   */
  add(owner: Owner, revocation: Revocation, alongside?: (transaction: Transaction) => Promise<void>): Promise<void>;
  /** A transaction that may find out what it has to revoke, and when. */
  within<Result>(owner: Owner, work: (transaction: Transaction, revoke: Revoke) => Promise<Result>): Promise<Result>;
  /** Throws TOKEN_REVOKED, or UNAVAILABLE when nobody can say. Reads the database only when the feed is cut. */
  check(claims: SessionClaims): Promise<void>;
  /** Whether the check needs no database now. */
  isFresh(): boolean;
  /** How long ago memory held everything; infinite before the first read. */
  ageMs(): number;
  /** Of how many sessions, keys, customers and merchants something is in memory. */
  rememberedCount(): number;
  start(): Promise<void>;
  stop(): Promise<void>;
}

type Revoke = (revocation: Revocation) => Promise<void>;

interface RevocationsOptions {
  readonly database: Pick<Database, 'db' | 'transaction'>;
  readonly feedDatabase: Pick<Database, 'db'>;
  readonly databaseClock: Pick<DatabaseClock, 'read'>;
  /** What the feed keeps up to date, too. */
  readonly keyRing: Pick<KeyRing, 'read'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function createRevocations(options: RevocationsOptions): Revocations {
  const { database, feedDatabase, databaseClock, keyRing, clock, logger } = options;
  const memory = createRevocationMemory(clock);
  const feed = createRevocationFeed({ database: feedDatabase, databaseClock, memory, keyRing, clock, logger });

  const rowOf = ({ merchantId, environment }: Owner, { kind, subject, revokedAtMs }: Revocation) => ({
    merchantId,
    environment,
    id: newId('rev', clock.now()),
    kind,
    subject,
    revokedAt: new Date(revokedAtMs),
    expiresAt: new Date(revokedAtMs + rememberedForMs),
  });

  const within: Revocations['within'] = async (owner, work) => {
    const revoked: Revocation[] = [];
    const result = await database.transaction((transaction) =>
      work(transaction, async (revocation) => {
        await transaction.insert(revocations).values(rowOf(owner, revocation));
        revoked.push(revocation);
      }),
    );
    for (const revocation of revoked) memory.remember(owner, revocation);
    return result;
  };

  const add: Revocations['add'] = (owner, revocation, alongside) =>
    within(owner, async (transaction, revoke) => {
      await alongside?.(transaction);
      await revoke(revocation);
    });

  async function check(claims: SessionClaims): Promise<void> {
    // What is in memory refuses even when the feed is cut: a revocation stays one.
    if (memory.revokes(claims)) throw tokenRevoked();
    if (!feed.isFresh() && (await isRevokedInDatabase(claims))) throw tokenRevoked();
  }

  async function isRevokedInDatabase(claims: SessionClaims): Promise<boolean> {
    const found = await database.db
      .select({ kind: revocations.kind })
      .from(revocations)
      .where(inForceFor(claims, new Date(clock.now())))
      .limit(1)
      .catch((cause: unknown) => {
        logger.warn({ err: cause }, 'revocations can be read neither from the feed nor from the database');
        throw new ApiError('UNAVAILABLE', 'Whether this session still counts cannot be told now.', {
          retryAfterSeconds: 1,
        });
      });
    return found.length > 0;
  }

  return {
    add,
    within,
    check,
    isFresh: feed.isFresh,
    ageMs: feed.ageMs,
    rememberedCount: memory.size,
    start: feed.start,
    stop: feed.stop,
  };
}

const inForceFor = (claims: SessionClaims, now: Date): SQL | undefined =>
  and(
    eq(revocations.merchantId, claims.merchantId),
    eq(revocations.environment, claims.environment),
    or(
      ...subjectsOf(claims).map(([kind, subject]) =>
        and(
          eq(revocations.kind, kind),
          eq(revocations.subject, subject),
          mayLieAhead(kind) ? lte(revocations.revokedAt, now) : undefined,
          endsWhatFollows(kind) ? undefined : gte(revocations.revokedAt, new Date(timeOfId(claims.sessionId))),
        ),
      ),
    ),
  );
