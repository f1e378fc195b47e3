import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { attachEmbedded, startEmbedded } from '../../server/database/embedded.ts';
import { StartupError } from '../../server/startup-error.ts';
import {
  ask,
  clusterDirectory,
  connectionOf,
  isAlive,
  ordinaryUser,
  postmasterLines,
  postmasterPid,
  spawnOwner,
  start,
  temporaryDirectory,
  until,
} from '../support/embedded.ts';

const inUse = /^The data directory .* is in use by another BillingOS process/;

test('a database starts on a directory that does not exist yet, whatever its name', async () => {
  const { connection } = await start(join(await temporaryDirectory(), 'app', 'my data, “1”'));

  expect(await ask(connection, 'select 1')).toEqual([1]);
});

test('acknowledged rows reach the disk before they are acknowledged', async () => {
  const { connection } = await start(await clusterDirectory());

  expect(await ask(connection, 'show fsync')).toEqual(['on']);
  expect(await ask(connection, 'show synchronous_commit')).toEqual(['on']);
  expect(await ask(connection, 'show full_page_writes')).toEqual(['on']);
});

test('PostgreSQL looks for tables to analyze every ten seconds', async () => {
  const { connection } = await start(await clusterDirectory());

  expect(await ask(connection, 'show autovacuum')).toEqual(['on']);
  expect(await ask(connection, 'show autovacuum_naptime')).toEqual(['10s']);
});

test('no TCP port is open', async () => {
  const dataDirectory = await clusterDirectory();
  const { connection } = await start(dataDirectory);

  expect(await ask(connection, 'show listen_addresses')).toEqual(['']);
  expect((await postmasterLines(dataDirectory))[5]).toBe('');
});

test('rows survive a stop and a start', async () => {
  const dataDirectory = await clusterDirectory();
  const first = await start(dataDirectory);
  await ask(first.connection, 'create table kept as select 42 as answer');
  await first.stop();

  const second = await start(dataDirectory);
  expect(await ask(second.connection, 'select answer from kept')).toEqual([42]);
});

test('PostgreSQL ends when its process is killed, and the next start holds the acknowledged rows', async () => {
  const dataDirectory = await clusterDirectory();
  const owner = spawnOwner(dataDirectory);
  await ask(await connectionOf(owner), 'create table kept as select 42 as answer');
  const postmaster = await postmasterPid(dataDirectory);
  owner.kill('SIGKILL');

  const { connection } = await start(dataDirectory);
  expect(await ask(connection, 'select answer from kept')).toEqual([42]);
  expect(isAlive(postmaster)).toBe(false);
});

test('a killed PostgreSQL is reported, and the next start recovers the acknowledged rows', async () => {
  const dataDirectory = await clusterDirectory();
  let crashes = 0;
  const first = await start(dataDirectory, { onCrash: () => void crashes++ });
  await ask(first.connection, 'create table kept as select 42 as answer');
  process.kill(await postmasterPid(dataDirectory), 'SIGKILL');
  await until(() => crashes === 1);

  const second = await start(dataDirectory);
  expect(await ask(second.connection, 'select answer from kept')).toEqual([42]);
});

test('the lock of a killed PostgreSQL does not count when its process number belongs to another program', async () => {
  const dataDirectory = await clusterDirectory();
  let crashes = 0;
  await start(dataDirectory, { onCrash: () => void crashes++ });
  const lock = join(dataDirectory, 'postgres', 'postmaster.pid');
  const { uid, gid } = await stat(lock);
  const stranger = spawn('/bin/sh', ['-c', 'read -r _'], { uid, gid });
  onTestFinished(() => void stranger.kill());

  process.kill(await postmasterPid(dataDirectory), 'SIGKILL');
  await until(() => crashes === 1);
  const [, ...rest] = await postmasterLines(dataDirectory);
  await writeFile(lock, [stranger.pid, ...rest].join('\n'));

  // Only Linux tells what program a process runs; elsewhere we refuse rather than guess.
  const restart = start(dataDirectory).then(({ connection }) => ask(connection, 'select 1'));
  if (process.platform === 'linux') expect(await restart).toEqual([1]);
  else await expect(restart).rejects.toThrow(inUse);
});

test('a stop is no crash, and stopping twice is stopping once', async () => {
  let crashes = 0;
  const embedded = await start(await clusterDirectory(), { onCrash: () => void crashes++ });

  await Promise.all([embedded.stop(), embedded.stop()]);
  await embedded.stop();
  expect(crashes).toBe(0);
});

test('Ctrl-C in the terminal does not reach PostgreSQL', async () => {
  const owner = spawnOwner(await clusterDirectory());
  const connection = await connectionOf(owner);
  const startedAt = await ask(connection, 'select pg_postmaster_start_time()::text');

  process.kill(-Number(owner.pid), 'SIGINT');
  expect(await ask(connection, 'select pg_postmaster_start_time()::text')).toEqual(startedAt);
});

test('a second owner of a data directory is refused', async () => {
  const dataDirectory = await clusterDirectory();
  const first = await start(dataDirectory);

  const refusal: unknown = await startEmbedded({ dataDirectory, durability: 'durable' }).catch((error) => error);
  expect(refusal).toBeInstanceOf(StartupError);
  expect(String(refusal)).toMatch(/^StartupError: The data directory .* is in use by another BillingOS process/);
  expect(await ask(first.connection, 'select 1')).toEqual([1]);
});

test('of two processes that start together on an empty directory one owns it', async () => {
  const dataDirectory = await temporaryDirectory();
  const starts = await Promise.allSettled([start(dataDirectory), start(dataDirectory)]);

  const refusals = starts.flatMap((result) => (result.status === 'rejected' ? [String(result.reason.message)] : []));
  expect(refusals).toEqual([expect.stringMatching(inUse)]);
  expect(await readdir(dataDirectory)).toEqual(['postgres', 'socket']);
});

test('a command joins the database of a running server and leaves it running', async () => {
  const dataDirectory = await clusterDirectory();
  const server = await start(dataDirectory);
  const command = await attachEmbedded({ dataDirectory, durability: 'durable' });
  await command.stop();

  expect(command.connection).toEqual(server.connection);
  expect(await ask(server.connection, 'select 1')).toEqual([1]);
});

test('a command without a running server starts the database for itself', async () => {
  const dataDirectory = await clusterDirectory();
  const command = await start(dataDirectory, {}, attachEmbedded);
  expect(await ask(command.connection, 'select 1')).toEqual([1]);

  const postmaster = await postmasterPid(dataDirectory);
  await command.stop();
  expect(isAlive(postmaster)).toBe(false);
});

test('a first start that was killed half way is not mistaken for a database', async () => {
  const dataDirectory = await temporaryDirectory();
  const owner = spawnOwner(dataDirectory);
  const drafts = async () => (await readdir(dataDirectory)).filter((name) => name.startsWith('postgres.new-'));
  const isHalfDone = async () => {
    const [draft] = await drafts();
    return draft !== undefined && (await readdir(join(dataDirectory, draft))).includes('PG_VERSION');
  };
  await until(isHalfDone);
  owner.kill('SIGKILL');
  await once(owner, 'close');
  expect(await readdir(dataDirectory)).not.toContain('postgres');

  const { connection } = await start(dataDirectory);
  expect(await ask(connection, 'select 1')).toEqual([1]);
  expect(await drafts()).toEqual([]);
});

test('a data directory with a path too long for a socket works, and still has one owner', async () => {
  const dataDirectory = join(await temporaryDirectory(), 'long'.repeat(40));
  const { connection } = await start(dataDirectory);

  expect(await ask(connection, 'select 1')).toEqual([1]);
  await expect(start(dataDirectory)).rejects.toThrow(inUse);
  await rm(connection.directory, { recursive: true });
});

test('a socket directory that somebody else has put there is refused', async () => {
  const dataDirectory = await temporaryDirectory();
  await writeFile(join(dataDirectory, 'socket'), '');

  await expect(start(dataDirectory)).rejects.toThrow('/socket belongs to somebody else.');
});

test('an ordinary user owns a database that nobody else may enter', async () => {
  const user = ordinaryUser();
  const directory = await temporaryDirectory(0o711);
  const dataDirectory = join(directory, 'data');
  if (user) await chown(directory, user.uid, user.gid);

  const connection = await connectionOf(spawnOwner(dataDirectory, user));
  expect(await ask(connection, 'select 1')).toEqual([1]);
  for (const path of [dataDirectory, join(dataDirectory, 'postgres'), connection.directory]) {
    const { uid, mode } = await stat(path);
    const passableByPostgres = !user && process.getuid?.() === 0 && path === dataDirectory;
    expect(mode & 0o777).toBe(passableByPostgres ? 0o711 : 0o700);
    if (user) expect(uid).toBe(user.uid);
  }
});

test('a data directory that cannot be written is refused with its path and the reason', async () => {
  const user = ordinaryUser();
  const directory = await temporaryDirectory(0o755);
  const parent = join(directory, 'parent');
  // Root may write anywhere; there, only a file in the way stops it.
  if (user ?? process.getuid?.() !== 0) await mkdir(parent).then(() => chmod(parent, 0o555));
  else await writeFile(parent, '');

  const owner = spawnOwner(join(parent, 'data'), user);
  await expect(connectionOf(owner)).rejects.toThrow(
    /^StartupError: The data directory .*\/parent\/data cannot be used: (EACCES|ENOTDIR)/,
  );
  expect(owner.exitCode).toBe(1);
});
