import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import { DatabaseError, Pool, type ClientBase, type PoolClient, type PoolConfig } from 'pg';
import type { DatabaseFailure } from '../metrics.ts';
import { reasonOf, StartupError } from '../startup-error.ts';
import { toClientConfig, type Connection } from './connection.ts';
import { observePool } from './observed-pool.ts';
import { DatabaseUnavailable, isOutage } from './outage.ts';
import { untilUp } from './patience.ts';

export interface DatabaseOptions {
  connection: Connection;
  /** Shown in pg_stat_activity. */
  applicationName: string;
  maxConnections?: number;
  /** PostgreSQL cancels a statement that takes longer, and ends a transaction that idles as long. */
  statementTimeoutMs?: number;
  connectTimeoutMs?: number;
  /** For so long a database that is not up yet is waited for; 0 when left out. */
  patienceMs?: number;
  /** Told once, when it has to be waited for, and why. */
  onWait?: (reason: string) => void;
  /** Sees the text of each statement before it is sent, never its values. */
  onQuery?: (statement: string) => void;
  onFailure?: ((failure: DatabaseFailure) => void) | undefined;
}

/** How many connections there are, how many statements and transactions wait for one, and how many there may be. */
export interface Connections {
  readonly busy: number;
  readonly idle: number;
  readonly waiting: number;
  readonly most: number;
}

/** What statements run in, inside `transaction`. */
export type Transaction = Parameters<Parameters<NodePgDatabase['transaction']>[0]>[0];

export interface Database {
  /** All or nothing. Rejects with a DatabaseUnavailable when it cannot even begin. */
  transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result>;
  db: NodePgDatabase & { $client: Pool };
  /** Resolves when the database answers, rejects when it does not. */
  ping(): Promise<void>;
  connections(): Connections;
  /** Waits for the statements under way. */
  close(): Promise<void>;
}

/**
 * Connects a pool. Throws a StartupError when the database does not answer, or not within the patience that was given; later
 * failures reject the query they hit.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const pool = createPool(options);
  const { onQuery, onFailure = () => undefined } = options;
  observePool(pool, { onFailure });
  const logging = onQuery && { logger: { logQuery: onQuery } };
  const db = drizzle({ client: pool, ...logging });
  const ping = async () => {
    await pool.query('select 1');
  };
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= pool.end());

  try {
    await untilUp(ping, { patienceMs: options.patienceMs ?? 0, onWait: (error) => options.onWait?.(describe(error)) });
  } catch (error) {
    await close();
    throw new StartupError(`The database cannot be reached: ${describe(error)}`, { cause: error });
  }
  // On a connection of our own: drizzle never gives one back on which it could not begin, and none as broken.
  const transaction: Database['transaction'] = async (work) => {
    const client = await pool.connect().catch((cause: unknown) => {
      throw new DatabaseUnavailable('no connection was to be had', { cause });
    });
    let hasBegun = false;
    let isBroken = false;
    try {
      return await drizzle({ client, ...logging }).transaction((begun) => {
        hasBegun = true;
        return work(begun);
      });
    } catch (error) {
      isBroken = !hasBegun || isOutage(error);
      throw hasBegun ? error : new DatabaseUnavailable('no transaction could be begun', { cause: error });
    } finally {
      client.release(isBroken);
    }
  };
  const connections = (): Connections => ({
    busy: pool.totalCount - pool.idleCount,
    idle: pool.idleCount,
    waiting: pool.waitingCount,
    most: pool.options.max,
  });
  return { db, ping, connections, close, transaction };
}

function createPool(options: DatabaseOptions): Pool {
  const {
    connection,
    applicationName,
    maxConnections = 20,
    statementTimeoutMs = 5_000,
    connectTimeoutMs = 5_000,
  } = options;
  // The pool waits for what onConnect returns, which its type does not say.
  const applyTimeouts = (client: ClientBase) =>
    client.query(
      `set statement_timeout = ${statementTimeoutMs}; set idle_in_transaction_session_timeout = ${statementTimeoutMs}`,
    );
  const pool = new Pool({
    ...toClientConfig(connection),
    application_name: applicationName,
    max: maxConnections,
    connectionTimeoutMillis: connectTimeoutMs,
    // A database that has fallen silent cancels nothing: then the client gives up, a little later.
    query_timeout: statementTimeoutMs + 1_000,
    keepAlive: true,
    // Set by statement: poolers such as PgBouncer refuse them as startup parameters.
    onConnect: applyTimeouts as NonNullable<PoolConfig['onConnect']>,
  });
  boundWaiting(pool);
  // A connection that breaks, idle or within a transaction, is an event; without a listener it would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** Beyond this nobody would get a connection in time, and each who waits costs memory. */
const maxWaiting = 1_000;

/** The pool itself lets any number wait for a connection. It asks its own `connect` for each statement. */
function boundWaiting(pool: Pool): void {
  const connect = pool.connect.bind(pool) as (done?: Done) => Promise<PoolClient>;
  const connectIfRoom = (done?: Done) => {
    if (pool.waitingCount < maxWaiting) return connect(done);
    const error = new DatabaseUnavailable('too many wait for a connection');
    return done ? done(error, undefined, () => undefined) : Promise.reject(error);
  };
  pool.connect = connectIfRoom as Pool['connect'];
}

type Done = (error: Error | undefined, client: PoolClient | undefined, release: () => void) => void;

/**
 * Why a connection failed. PostgreSQL's own words are safe to show; of anything else only the code is, because its
 * message may quote parts of a mistyped URL, and with them the password.
 */
function describe(error: unknown): string {
  if (error instanceof DatabaseError) return reasonOf(error);
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return 'no answer to a connection attempt';
}

/** The SQLSTATE of a statement that PostgreSQL refused. drizzle wraps the driver's error. */
const sqlStateOf = (error: unknown): string =>
  error instanceof Error && error.cause instanceof DatabaseError ? (error.cause.code ?? '') : '';

/** There is such a row already: SQLSTATE 23505. */
export const isUniqueViolation = (error: unknown): boolean => sqlStateOf(error) === '23505';

/** Somebody else was at the same rows: a deadlock, or a row that was removed meanwhile or is there by now. Once more may do. */
export const isContention = (error: unknown): boolean => /^(40|23503|23505)/.test(sqlStateOf(error));
