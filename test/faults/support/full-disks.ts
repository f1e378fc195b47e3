import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { SocketConnection } from '../../../server/database/connection.ts';
import { openDatabase } from '../../../server/database/database.ts';
import { startEmbedded } from '../../../server/database/embedded.ts';
import { migrate } from '../../../server/database/migrate.ts';
import { ask } from '../../support/embedded.ts';
import { createDatabase } from '../../support/postgres.ts';

/** A disk that a test fills up and clears again, with a migrated database on it. */
interface Disk {
  readonly connection: SocketConnection;
  fill(): Promise<void>;
  clear(): Promise<void>;
}

/** PostgreSQL refuses to write as it does when it is out of room: SQLSTATE 53100. Everywhere, without being root. */
async function saidToBeFull(): Promise<Disk> {
  const connection = await createDatabase();
  await ask(
    connection,
    `create function refuse() returns trigger language plpgsql as $$ begin
       raise exception 'could not extend file: No space left on device' using errcode = 'disk_full'; end $$`,
  );
  const tables = ['sessions', 'customers', 'revocations', 'usage_totals'];
  const forEach = async (statement: (table: string) => string) => {
    for (const table of tables) await ask(connection, statement(table));
  };
  return {
    connection,
    fill: () =>
      forEach((table) => `create trigger full_disk before insert or update on ${table} execute function refuse()`),
    clear: () => forEach((table) => `drop trigger full_disk on ${table}`),
  };
}

const mountTmpfs = (directory: string) =>
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=160m,mode=0711', 'tmpfs', directory]).status === 0;

/** A file system in memory, of 160 MiB. */
async function small(): Promise<Disk> {
  const directory = mkdtempSync(join(tmpdir(), 'billingos-disk-'));
  mountTmpfs(directory);
  onTestFinished(() => {
    spawnSync('umount', ['--lazy', directory]);
    rmSync(directory, { recursive: true });
  });
  chmodSync(directory, 0o711);
  const dataDirectory = join(directory, 'data');
  const { connection, stop } = await startEmbedded({ dataDirectory, durability: 'durable' });
  onTestFinished(stop);
  const database = await openDatabase({ connection, applicationName: 'test' });
  await migrate(database);
  await database.close();

  const ballast = join(directory, 'ballast');
  return {
    connection,
    async fill() {
      // What PostgreSQL holds ready is written first, so that the next page needs room.
      await ask(connection, 'checkpoint');
      const { bfree, bsize } = statfsSync(directory);
      writeFileSync(ballast, Buffer.alloc(bfree * bsize));
    },
    async clear() {
      rmSync(ballast);
    },
  };
}

/** Only root may mount, and only on Linux. */
function canMount(): boolean {
  const directory = mkdtempSync(join(tmpdir(), 'billingos-mount-'));
  const isMounted = process.platform === 'linux' && mountTmpfs(directory);
  if (isMounted) spawnSync('umount', [directory]);
  rmSync(directory, { recursive: true });
  return isMounted;
}

export const fullDisks: readonly (readonly [string, () => Promise<Disk>])[] = [
  ['as PostgreSQL says', saidToBeFull],
  ...(canMount() ? [['a file system of 160 MiB', small] as const] : []),
];
