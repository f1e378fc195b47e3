import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, open, readFile, unlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { systemClock } from './clock.ts';
import { type Config, ownOriginsOf } from './config.ts';
import type { Connection } from './database/connection.ts';
import { type Database, openDatabase } from './database/database.ts';
import { attachEmbedded, startEmbedded } from './database/embedded.ts';
import { migrate } from './database/migrate.ts';
import type { Logger } from './log.ts';
import { deriveKeys } from './master-key.ts';
import { type Metrics, unmeasured } from './metrics.ts';
import { createRules, type Rules } from './rules.ts';
import { reasonOf, StartupError } from './startup-error.ts';

/** An opened database with everything that can be done on it. */
export interface Installation {
  readonly database: Database;
  /** A connection that no request waits for. */
  readonly feedDatabase: Database;
  readonly rules: Rules;
  close(): Promise<void>;
}

interface InstallationOptions {
  readonly config: Config;
  readonly logger: Logger;
  /** `own`: this process runs the embedded database. `beside`: another one may be running it already. */
  readonly mode: 'own' | 'beside';
  /** Called when the embedded database ends although nobody stopped it. */
  readonly onCrash?: () => void;
  readonly metrics?: Metrics | undefined;
}

/** For a database that is still starting: longer than one takes to recover from a crash, as a rule. */
const patienceMs = 30_000;

/** Opens the database (the embedded one or the merchant's), brings its tables up to date, and reads the keys. */
export async function openInstallation(options: InstallationOptions): Promise<Installation> {
  const { config, logger, mode, onCrash, metrics = unmeasured } = options;
  const { connection, stop } = await openPostgres(config, mode, onCrash);
  const opened: Pick<Database, 'close'>[] = [];
  const close = async () => {
    for (const database of opened) await database.close();
    await stop();
  };

  try {
    const waiting = {
      // Who types a command wants the answer now; a server may be started before its database is.
      patienceMs: mode === 'own' ? patienceMs : 0,
      onWait: (reason: string) => logger.warn({ reason, patienceMs }, 'waiting for the database'),
    };
    const database = await openDatabase({
      connection,
      applicationName: `billingos ${mode}`,
      onFailure: (failure) => metrics.databaseFailed('requests', failure),
      ...waiting,
    });
    opened.push(database);
    const feedDatabase = await openDatabase({
      connection,
      applicationName: 'billingos feed',
      maxConnections: 1,
      onFailure: (failure) => metrics.databaseFailed('feed', failure),
      ...waiting,
    });
    opened.push(feedDatabase);
    await migrate(database);
    const derivedKeys = deriveKeys(config.masterKey ?? (await readOrMakeMasterKey(config.dataDirectory)));
    const rules = await createRules({
      database,
      feedDatabase,
      derivedKeys,
      issuers: config.issuers,
      stripeApiBase: config.stripeApiBase,
      keyRotationDays: config.keyRotationDays,
      returnOrigins: [...config.allowedOrigins, ...ownOriginsOf(config.publicUrl)],
      clock: systemClock,
      timeOf: 'database',
      logger,
      metrics,
    });
    return { database, feedDatabase, rules, close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Postgres {
  readonly connection: Connection;
  stop(): Promise<void>;
}

/** The embedded one, or the merchant’s. */
export async function openPostgres(
  { database, dataDirectory }: Config,
  mode: 'own' | 'beside',
  onCrash?: () => void,
): Promise<Postgres> {
  if (database.kind === 'url') return { connection: database, stop: async () => undefined };
  if (mode === 'beside' && !existsSync(join(dataDirectory, 'postgres'))) throw nothingThere(dataDirectory);
  const start = mode === 'own' ? startEmbedded : attachEmbedded;
  return start({ dataDirectory, durability: 'durable', ...(onCrash && { onCrash }) });
}

/** A command must not make a second, empty installation where somebody mistook the directory. */
const nothingThere = (dataDirectory: string) =>
  new StartupError(
    `There is no database in ${resolve(dataDirectory)}: start the server there first, or set BILLINGOS_DATA_DIR or DATABASE_URL.`,
  );

/** Made once, readable by its owner only. Whoever backs up the database must keep this file, and keep it elsewhere. */
async function readOrMakeMasterKey(dataDirectory: string): Promise<string> {
  const path = join(dataDirectory, 'master-key');
  const text = await readFile(path, 'utf8').catch(async (error: unknown) => {
    if (!hasCode(error, 'ENOENT')) throw unusable(path, error);
    await makeMasterKey(path).catch((cause: unknown) => {
      throw unusable(path, cause);
    });
    return readFile(path, 'utf8');
  });
  if (text.trim().length < 32)
    throw new StartupError(`${path} is damaged: restore it, no other key opens the database.`);
  return text.trim();
}

/** Whole or not at all, and on the disk before anything is encrypted with it: without it the database is worth nothing. */
async function makeMasterKey(path: string): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, `${randomBytes(32).toString('base64url')}\n`, { flag: 'wx', mode: 0o600, flush: true });
  try {
    await link(draft, path);
  } catch (error) {
    // Another process was first: its key it is.
    if (!hasCode(error, 'EEXIST')) throw error;
  } finally {
    await unlink(draft);
  }
  const directory = await open(dirname(path));
  await directory.sync();
  await directory.close();
}

const unusable = (path: string, error: unknown) =>
  new StartupError(`${path} cannot be used: ${reasonOf(error)}`, { cause: error });

const hasCode = (error: unknown, code: string) => error instanceof Error && 'code' in error && error.code === code;
