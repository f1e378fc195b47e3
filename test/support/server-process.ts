import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addCluster } from './cluster.ts';
import { freePort } from './free-port.ts';
import { root } from './markdown.ts';

export interface ServerProcess {
  readonly port: number;
  readonly dataDirectory: string;
  /** The key that the first start printed. */
  readonly secretKey: string;
  /** What commands beside this server need. */
  readonly env: NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

/** `billingos serve` on a free port and a data directory of its own. */
export async function startServerProcess(): Promise<ServerProcess> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'billingos-docs-'));
  await addCluster(dataDirectory);
  const port = await freePort();
  const env = { ...environmentOfOurOwn(), PORT: String(port), BILLINGOS_DATA_DIR: dataDirectory };
  const child = spawn(process.execPath, ['dist/server/cli/main.js', 'serve'], { cwd: root, env });
  const stop = async () => {
    if (child.exitCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    }
    await rm(dataDirectory, { recursive: true, force: true, maxRetries: 5 });
  };
  const welcome = await welcomeOf(child);
  const [secretKey = ''] = /sk_test_\w+/.exec(welcome) ?? [];
  return { port, dataDirectory, secretKey, env, stop };
}

/** Without the variables of whoever runs the tests. */
const environmentOfOurOwn = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(BILLINGOS_.*|DATABASE_URL|PUBLIC_URL|HOST|LOG_LEVEL)$/.test(name),
    ),
  );

/** What the server says until it is ready; rejects with what it complains of when it ends before. */
function welcomeOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    let complaint = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('ready')) resolve(said);
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaint += text));
    child.once('exit', () => reject(new Error(`The server ended: ${complaint}`)));
  });
}
