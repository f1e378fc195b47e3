import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import type { Database } from '../database/database.ts';
import { migrationsFolder } from '../database/migrate.ts';
import { ok, warning } from './finding.ts';

type Db = Pick<Database, 'db'>;

/** What the project is tested with. */
const testedMajor = 18;
const toleratedMs = 5_000;

export async function checkVersion({ db }: Db) {
  const { rows } = await db.execute<{ version: string }>(sql`select current_setting('server_version') as version`);
  const version = rows[0]?.version ?? '';
  const isTested = Number.parseInt(version, 10) === testedMajor;
  return isTested ? ok(`PostgreSQL ${version}`) : warning(`PostgreSQL ${version}: tested with ${testedMajor}`);
}

/** Each has the moment it was made at: drizzle keeps which were applied by it. */
export async function checkMigrations({ db }: Db) {
  const journal = await readFile(join(migrationsFolder, 'meta/_journal.json'), 'utf8');
  const { entries } = JSON.parse(journal) as { entries: readonly { when: number }[] };
  const { rows: there } = await db.execute<{ name: string | null }>(
    sql`select to_regclass('drizzle.__drizzle_migrations')::text as name`,
  );
  if (!there[0]?.name) return warning('the database is empty: the next start makes the tables');
  const { rows } = await db.execute<{ created_at: string }>(sql`select created_at from drizzle.__drizzle_migrations`);
  const applied = new Set(rows.map((row) => Number(row.created_at)));
  const pending = entries.filter(({ when }) => !applied.has(when)).length;
  if (applied.size > entries.length - pending) return warning('the database is ahead: a newer version has migrated it');
  return pending === 0 ? ok(`all ${entries.length} applied`) : warning(`the next start applies ${pending}`);
}

/** The service follows the database's clock: one that differs much from this machine's is wrong, or this machine's is. */
export async function checkClock({ db }: Db) {
  const askedAt = Date.now();
  const { rows } = await db.execute<{ ms: number }>(
    sql`select extract(epoch from clock_timestamp())::float8 * 1000 as ms`,
  );
  const answeredAt = Date.now();
  const aheadMs = Math.round((rows[0]?.ms ?? Number.NaN) - (askedAt + answeredAt) / 2);
  const found = `the database’s is ${Math.abs(aheadMs)} ms ${aheadMs < 0 ? 'behind' : 'ahead of'} this machine’s`;
  return Math.abs(aheadMs) <= toleratedMs
    ? ok(found)
    : warning(`${found}: one of them is wrong, and tokens follow the database’s`);
}

/** Merchants that sell in live, and whom nobody takes payments for there. */
export async function checkPayments({ db }: Db) {
  const { rows } = await db.execute<{ merchant_id: string }>(sql`
    select distinct merchant_id from secret_keys
    where environment = 'live' and (ends_at is null or ends_at > clock_timestamp())
      and not exists (select from stripe_accounts account
        where account.merchant_id = secret_keys.merchant_id and account.environment = 'live'
          and account.secret_key_jwe is not null)`);
  if (rows.length === 0) return ok('every merchant with a key for live has an account at Stripe, or there is none');
  const ids = rows.map((row) => row.merchant_id).join(', ');
  return warning(`nobody takes them for ${ids}: billingos stripe connect --environment live`);
}
