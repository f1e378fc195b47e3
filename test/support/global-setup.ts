import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import type { TestProject } from 'vitest/node';
import { type SocketConnection, toClientConfig } from '../../server/database/connection.ts';
import { openDatabase } from '../../server/database/database.ts';
import { startEmbedded } from '../../server/database/embedded.ts';
import { findBinaries } from '../../server/database/embedded/binaries.ts';
import { ensureCluster } from '../../server/database/embedded/cluster.ts';
import { openHome } from '../../server/database/embedded/home.ts';
import { migrate, migrationsFolder } from '../../server/database/migrate.ts';
import { copyCluster } from './cluster.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The migrated database that every test database is copied from. */
    template: SocketConnection;
    /** A cluster as `initdb` leaves it, to copy. */
    cluster: string;
  }
}

/** One real PostgreSQL for the whole run, thrown away afterwards. */
export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  // Vitest calls it for each project as well; what the root provides they all have.
  if (!project.isRootProject()) return undefined;
  const dataDirectory = await mkdtemp(join(tmpdir(), 'billingos-test-'));
  const remove = removeWhenWeEnd(dataDirectory);
  project.provide('cluster', await createCluster(dataDirectory));
  const embedded = await startEmbedded({ dataDirectory, durability: 'fast' });
  project.provide('template', await createTemplate(embedded.connection));
  return async () => {
    await embedded.stop();
    await remove();
  };
}

/** The run's own cluster is made first, and copied before anything starts on it. */
async function createCluster(dataDirectory: string): Promise<string> {
  const home = await openHome(dataDirectory);
  await ensureCluster(home, await findBinaries(home), 'fast');
  const copy = join(dataDirectory, 'unused');
  await copyCluster(home.cluster, copy);
  return copy;
}

async function createTemplate(connection: SocketConnection): Promise<SocketConnection> {
  const template = { ...connection, database: 'template' };
  // Not by openDatabase: on a busy machine it takes longer than a request may.
  const client = new Client(toClientConfig(connection));
  await client.connect();
  await client.query('create database template');
  await client.end();

  const database = await openDatabase({ connection: template, applicationName: 'test' });
  if (existsSync(migrationsFolder)) await migrate(database);
  await database.close();
  return template;
}

/** A shell on a pipe removes the directory: it outlives us, so that a crashed run leaves nothing behind either. */
function removeWhenWeEnd(directory: string): () => Promise<void> {
  const waitForPostgres = 'for _ in 1 2 3 4 5; do [ -e "$1/postgres/postmaster.pid" ] && sleep 1; done';
  const shell = spawn('/bin/sh', ['-c', `read -r _; ${waitForPostgres}; rm -rf "$1"`, 'sh', directory], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  const ended = new Promise<void>((resolve) => {
    shell.once('close', () => resolve());
  });
  return async () => {
    shell.stdin.end();
    await ended;
  };
}
