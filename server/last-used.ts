import { sql } from 'drizzle-orm';
import { LRUCache } from 'lru-cache';
import type { SessionId } from '../schema/id.ts';
import type { Clock } from './clock.ts';
import type { Database } from './database/database.ts';
import type { Logger } from './log.ts';
import type { SessionClaims } from './token/token.ts';

interface LastUsedOptions {
  readonly database: Pick<Database, 'db'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const writeEveryMs = 5_000;
const onceInMs = 60_000;
const maxRemembered = 100_000;

interface Use {
  readonly claims: SessionClaims;
  readonly at: Date;
}

/** When sessions were last used: noted in memory on the request's path, written together beside it. */
export function createLastUsed({ database, clock, logger }: LastUsedOptions) {
  const noted = new LRUCache<SessionId, true>({
    max: maxRemembered,
    ttl: onceInMs,
    perf: { now: () => clock.monotonic() },
  });
  let waiting: Use[] = [];
  let timer: NodeJS.Timeout | undefined;

  async function write(): Promise<void> {
    const uses = waiting;
    waiting = [];
    if (uses.length === 0) return;
    const column = (of: (use: Use) => string) => sql.param(uses.map(of));
    await database.db
      .execute(
        // A row that another process writes just now has its use: two that wait for each other's rows would both fail.
        sql`update sessions set last_used_at = used.at
            from (
              select session.merchant_id, session.environment, session.id, noted.at
              from unnest(
                ${column(({ claims }) => claims.merchantId)}::text[], ${column(({ claims }) => claims.environment)}::text[],
                ${column(({ claims }) => claims.sessionId)}::text[], ${column(({ at }) => at.toISOString())}::timestamptz[]
              ) as noted (merchant_id, environment, id, at)
              join sessions session
                on session.merchant_id = noted.merchant_id collate "C"
                and session.environment = noted.environment
                and session.id = noted.id collate "C"
              for no key update of session skip locked
            ) as used
            where sessions.merchant_id = used.merchant_id
              and sessions.environment = used.environment
              and sessions.id = used.id`,
      )
      .catch((error: unknown) =>
        logger.warn({ err: error, uses: uses.length }, 'last uses of sessions were not written'),
      );
  }

  return {
    /** Notes a use, unless this session's was noted within the last minute. */
    note(claims: SessionClaims): void {
      if (noted.has(claims.sessionId)) return;
      noted.set(claims.sessionId, true);
      waiting.push({ claims, at: new Date(clock.now()) });
    },

    write,

    start(): void {
      timer = setInterval(() => void write(), writeEveryMs).unref();
    },

    async stop(): Promise<void> {
      clearInterval(timer);
      await write();
    },
  };
}

export type LastUsed = ReturnType<typeof createLastUsed>;
