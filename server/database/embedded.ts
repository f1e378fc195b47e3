import { setTimeout as delay } from 'node:timers/promises';
import { reasonOf, StartupError } from '../startup-error.ts';
import type { SocketConnection } from './connection.ts';
import { findBinaries } from './embedded/binaries.ts';
import { ensureCluster, type Durability } from './embedded/cluster.ts';
import type { Guarded } from './embedded/guarded.ts';
import { openHome, type Home } from './embedded/home.ts';
import { probe, removeStaleLock } from './embedded/owner.ts';
import { startPostmaster, type Start } from './embedded/postmaster.ts';

export interface EmbeddedOptions {
  /** Holds `postgres/` and `socket/`; made if it is not there. */
  dataDirectory: string;
  durability: Durability;
  /** Called once if PostgreSQL ends although nobody stopped it. */
  onCrash?: () => void;
}

/** A PostgreSQL of our own. It has no TCP port, and it stops when this process ends, however that ends. */
export interface EmbeddedDatabase {
  connection: SocketConnection;
  /** Resolves when PostgreSQL has written everything and ended; at once if it is another process's. */
  stop(): Promise<void>;
}

// A server whose process was killed still answers for a moment, and then needs time for its shutdown.
const orphanLifeMs = 500;
const patienceMs = 10_000;
const retryAfterMs = 100;

/** Starts PostgreSQL on the data directory. Throws a StartupError if another process has one running there. */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedDatabase> {
  return start(options, (_, waitedMs) => {
    if (waitedMs > orphanLifeMs) throw inUse(options.dataDirectory);
    return undefined;
  });
}

/** Joins the PostgreSQL that runs on the data directory, or starts one until `stop`: for commands beside a server. */
export async function attachEmbedded(options: EmbeddedOptions): Promise<EmbeddedDatabase> {
  return start(options, ({ connection }) => ({ connection, stop: async () => undefined }));
}

/** What to do when another process's PostgreSQL answers; undefined is to look again. */
type MeetOwner = (home: Home, waitedMs: number) => EmbeddedDatabase | undefined;

async function start(options: EmbeddedOptions, meetOwner: MeetOwner): Promise<EmbeddedDatabase> {
  try {
    return await findOrStart(options, meetOwner);
  } catch (error) {
    const isOfTheSystem = error instanceof Error && 'code' in error;
    if (!isOfTheSystem) throw error;
    throw new StartupError(`The data directory ${options.dataDirectory} cannot be used: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

async function findOrStart(options: EmbeddedOptions, meetOwner: MeetOwner): Promise<EmbeddedDatabase> {
  const { dataDirectory, durability, onCrash } = options;
  const home = await openHome(dataDirectory);

  const begunAt = performance.now();
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs = performance.now() - begunAt) {
    if (waitedMs > 0) await delay(retryAfterMs);
    const state = await probe(home.connection);
    const met = state === 'accepting' && meetOwner(home, waitedMs);
    if (met) return met;
    if (state !== 'absent') continue;
    const result = await tryStart(home, durability);
    if (result.kind === 'ready') return running(home, result.server, onCrash);
    if (result.kind === 'failed') throw new StartupError(`PostgreSQL did not start: ${result.complaint}`);
    await removeStaleLock(home.cluster);
  }
  throw inUse(dataDirectory);
}

async function tryStart(home: Home, durability: Durability): Promise<Start> {
  const binaries = await findBinaries(home);
  await ensureCluster(home, binaries, durability);
  return startPostmaster(home, binaries, durability);
}

function running({ connection }: Home, server: Guarded, onCrash?: () => void): EmbeddedDatabase {
  let stopping = false;
  void server.ended.then(() => (stopping ? undefined : onCrash?.()));
  const stop = async () => {
    stopping = true;
    await server.interrupt();
  };
  return { connection, stop };
}

function inUse(dataDirectory: string): StartupError {
  return new StartupError(
    `The data directory ${dataDirectory} is in use by another BillingOS process: stop that one, or choose another directory.`,
  );
}
