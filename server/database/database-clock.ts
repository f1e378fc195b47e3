import { sql } from 'drizzle-orm';
import type { Clock } from '../clock.ts';
import type { Database } from './database.ts';

export interface DatabaseClock extends Clock {
  /** Asks the database for its time, follows it from then on, and returns it to the microsecond, as PostgreSQL writes it. */
  read(): Promise<string>;
}

/**
 * The database's time, which all processes share: whether a token was issued before a revocation is decided by moments that
 * several of them took. Between readings it goes on with the monotonic clock, so that nobody can set it.
 *
 * It is never ahead of the database, and behind it by no more than an answer took to arrive. A session takes its moment
 * before it is written and a revocation after it was asked for, which is longer: the order of the two survives.
 */
export function createDatabaseClock({ db }: Pick<Database, 'db'>, clock: Clock): DatabaseClock {
  let aheadMs: number | undefined;

  return {
    now: () => (aheadMs === undefined ? clock.now() : Math.floor(clock.monotonic() + aheadMs)),
    monotonic: () => clock.monotonic(),

    async read() {
      const askedAt = clock.monotonic();
      const { rows } = await db.execute<{ text: string; ms: number }>(
        sql`select clock_timestamp()::text as text, extract(epoch from clock_timestamp())::float8 * 1000 as ms`,
      );
      const [answer] = rows;
      if (!answer) throw new TypeError('the database told no time');
      const [least, most] = [answer.ms - clock.monotonic(), answer.ms - askedAt];
      // A slower answer says less than the one before, unless the two cannot both be true.
      if (aheadMs === undefined || aheadMs < least || aheadMs > most) aheadMs = least;
      return answer.text;
    },
  };
}
