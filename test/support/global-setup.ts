import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import type { SocketConnection } from '../../server/database/connection.ts';
import { openDatabase } from '../../server/database/database.ts';
import { startEmbedded } from '../../server/database/embedded.ts';
import { migrate, migrationsFolder } from '../../server/database/migrate.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The migrated database that every test database is copied from. */
    template: SocketConnection;
  }
}

/** One real PostgreSQL for the whole run, thrown away afterwards. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'billingos-test-'));
  const remove = removeWhenWeEnd(dataDirectory);
  const embedded = await startEmbedded({ dataDirectory, durability: 'fast' });
  project.provide('template', await createTemplate(embedded.connection));
  return async () => {
    await embedded.stop();
    await remove();
  };
}

async function createTemplate(connection: SocketConnection): Promise<SocketConnection> {
  const template = { ...connection, database: 'template' };
  const server = await openDatabase({ connection, applicationName: 'test', statementTimeoutMs: 60_000 });
  await server.db.execute('create database template');
  await server.close();

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
