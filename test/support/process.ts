import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SocketConnection } from '../../server/database/connection.ts';
import { addCluster } from './cluster.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Nothing is inherited from whoever runs the tests but where programs are. */
const inherited = { PATH: process.env['PATH'], HOME: process.env['HOME'] };

export type Environment = Readonly<Record<string, string>>;

const spawnBillingos = (commandLine: readonly string[], env: Environment): ChildProcess =>
  spawn(process.execPath, ['dist/server/cli/main.js', ...commandLine], {
    cwd: root,
    env: { ...inherited, HOST: '127.0.0.1', PORT: '0', ...env },
  });

interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `billingos …` until it ends. */
export async function billingos(commandLine: readonly string[], env: Environment, input = ''): Promise<Outcome> {
  const child = spawnBillingos(commandLine, env);
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  child.stdin?.end(input);
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, stdout: stdout(), stderr: stderr() };
}

export interface ServerProcess {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves with its exit code, `null` when it was killed. */
  readonly ended: Promise<number | null>;
  /** Asks it to stop, and resolves with its exit code. */
  stop(): Promise<number | null>;
  /** Ends it at once, and resolves when it has ended. */
  kill(): Promise<number | null>;
  /** From here on nobody reads what it says. */
  stopReading(): void;
}

/** What tells of a server before it is ready. */
type Starting = Pick<ServerProcess, 'pid' | 'stderr'>;

/** `billingos serve` on a free port, once it is ready. */
export async function startServer(
  env: Environment,
  onSpawn: (starting: Starting) => void = () => undefined,
): Promise<ServerProcess> {
  const child = spawnBillingos(['serve'], env);
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  const ended = once(child, 'close').then(([exitCode]) => exitCode as number | null);
  onSpawn({ pid: child.pid ?? 0, stderr });
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', () => (stdout().includes(' ready ') ? resolve() : undefined));
    void ended.then(() => reject(new Error(`The server ended: ${stderr()}`)));
  });
  const port = Number(/ready on http:\/\/127\.0\.0\.1:(\d+)/.exec(stdout())?.[1]);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    pid: child.pid ?? 0,
    stdout,
    stderr,
    ended,
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
    kill() {
      child.kill('SIGKILL');
      return ended;
    },
    stopReading() {
      child.stdout?.destroy();
      child.stderr?.destroy();
    },
  };
}

function collect(stream: ChildProcess['stdout']): () => string {
  let text = '';
  stream?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return () => text;
}

interface DataDirectory {
  readonly path: string;
  remove(): Promise<void>;
}

/** A data directory, and how to remove it; a test file may share one among its tests. */
export async function dataDirectory(): Promise<DataDirectory> {
  const path = await mkdtemp(join(tmpdir(), 'billingos-process-'));
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) };
}

/** The same with a cluster in it, for tests that are not about the first start. */
export async function clusterDirectory(): Promise<DataDirectory> {
  const directory = await dataDirectory();
  await addCluster(directory.path);
  return directory;
}

/** A database on the run's PostgreSQL, as a merchant with a PostgreSQL of their own would name it. */
export const urlOf = ({ directory, user, database }: SocketConnection): string =>
  `postgres:///${database}?host=${encodeURIComponent(directory)}&user=${user}`;
