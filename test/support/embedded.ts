import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { onTestFinished } from 'vitest';
import { toClientConfig, type SocketConnection } from '../../server/database/connection.ts';
import { startEmbedded, type EmbeddedDatabase, type EmbeddedOptions } from '../../server/database/embedded.ts';
import { addCluster } from './cluster.ts';

const script = fileURLToPath(new URL('embedded-process.ts', import.meta.url));

/** A fresh directory of the test's own. As a rule only we may enter it, like a home directory. */
export async function temporaryDirectory(mode = 0o700): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'billingos-embedded-'));
  await chmod(directory, mode);
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}

/** The same with a cluster in it, for tests that are not about the first start. */
export async function clusterDirectory(): Promise<string> {
  const directory = await temporaryDirectory();
  await addCluster(directory);
  return directory;
}

/** A durable embedded database that ends with the test. */
export async function start(
  dataDirectory: string,
  options: Pick<EmbeddedOptions, 'onCrash'> = {},
  open = startEmbedded,
): Promise<EmbeddedDatabase> {
  const embedded = await open({ dataDirectory, durability: 'durable', ...options });
  onTestFinished(() => embedded.stop());
  return embedded;
}

/** The first column of what one statement answers. */
export async function ask(connection: SocketConnection, statement: string): Promise<unknown[]> {
  const client = new Client(toClientConfig(connection));
  await client.connect();
  try {
    const { rows } = await client.query<unknown[]>({ text: statement, rowMode: 'array' });
    return rows.map(([first]) => first);
  } finally {
    await client.end();
  }
}

/** The process that the cluster's lock names. */
export async function postmasterPid(dataDirectory: string): Promise<number> {
  return Number((await postmasterLines(dataDirectory))[0]);
}

/** What PostgreSQL says of itself: pid, directory, start, port, socket directory, TCP address, … */
export async function postmasterLines(dataDirectory: string): Promise<string[]> {
  return (await readFile(join(dataDirectory, 'postgres', 'postmaster.pid'), 'utf8')).split('\n');
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Resolves when the condition holds, rejects when it does not for ten seconds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('the condition never held');
    await delay(5);
  }
}

/** Who else to be when we are root: `nobody`, or undefined if we are an ordinary user or `nobody` cannot run this project. */
export function ordinaryUser(): { uid: number; gid: number } | undefined {
  const nobody = { uid: 65_534, gid: 65_534 };
  const read = `require('node:fs').readFileSync(${JSON.stringify(script)})`;
  const canRun = () => spawnSync(process.execPath, ['-e', read], { cwd: '/', ...nobody }).status === 0;
  return process.getuid?.() === 0 && canRun() ? nobody : undefined;
}

/** Another process that opens the data directory, in a process group of its own. */
export function spawnOwner(dataDirectory: string, user?: { uid: number; gid: number }): ChildProcess {
  const owner = spawn(process.execPath, ['--import', 'tsx', script, dataDirectory], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    ...user,
  });
  onTestFinished(() => void owner.kill('SIGKILL'));
  return owner;
}

/** Resolves when that process's database is up, rejects with what it complained of. */
export async function connectionOf(owner: ChildProcess): Promise<SocketConnection> {
  const complaint: string[] = [];
  owner.stderr?.setEncoding('utf8').on('data', (text: string) => complaint.push(text));
  const [first] = await Promise.race([
    once(owner.stdout ?? owner, 'data'),
    once(owner, 'close').then(() => Promise.reject(new Error(complaint.join('')))),
  ]);
  return JSON.parse(String(first)) as SocketConnection;
}
