import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate as applyMigrations } from 'drizzle-orm/node-postgres/migrator';
import { Client, DatabaseError } from 'pg';
import { reasonOf, StartupError } from '../startup-error.ts';
import type { Database } from './database.ts';

/** Beside this file in the source and in the build. */
export const migrationsFolder = fileURLToPath(new URL('migrations', import.meta.url));

// Any number will do, as long as no other application locks it in the same database.
const lockKey = 7_236_101_554;

/**
 * So long each table is waited for that requests of a running server hold, before all are let go and tried again. A request
 * that has waited for a second is ended when it and the migration wait for each other: fewer than twenty such waits are over
 * before, if nothing between them takes long.
 */
const lockTimeoutMs = 50;
const mostTries = 300;
const betweenTriesMs = 500;
/** `lock_not_available` (PostgreSQL, appendix A). */
const noLock = '55P03';

/** Brings the tables up to date. Processes that start together take turns; the last ones find nothing to do. */
export async function migrate({ db }: Pick<Database, 'db'>, folder = migrationsFolder): Promise<void> {
  // A connection of its own: waiting for another process, or for a large table, may take longer than a request may.
  const { query_timeout: _forRequests, ...options } = db.$client.options;
  const client = new Client(options);
  try {
    await client.connect();
    await client.query('select pg_advisory_lock($1)', [lockKey]);
    await client.query(`set lock_timeout = ${lockTimeoutMs}`);
    await applyPatiently(client, folder);
  } catch (error) {
    const cause = error instanceof Error && error.cause ? error.cause : error;
    throw new StartupError(`The database could not be migrated: ${reasonOf(cause)}`, { cause: error });
  } finally {
    // That frees the lock, whatever happened.
    await client.end();
  }
}

/** All that is new in one transaction, so that what was let go is as it was. */
async function applyPatiently(client: Client, folder: string, tries = 1): Promise<void> {
  try {
    await applyMigrations(drizzle({ client }), { migrationsFolder: folder });
  } catch (error) {
    const isHeld = error instanceof Error && error.cause instanceof DatabaseError && error.cause.code === noLock;
    if (!isHeld || tries === mostTries) throw error;
    await delay(betweenTriesMs);
    await applyPatiently(client, folder, tries + 1);
  }
}
