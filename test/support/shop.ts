import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface RunningShop {
  readonly shopUrl: string;
  /** Of the billing service, its sandbox excluded. */
  readonly serviceUrl: string;
  /** The key that the first start printed. */
  readonly secretKey: string;
  /** Ends it as `kill` does. @returns the exit code. */
  stop(): Promise<number>;
}

/** What `npm start` starts, after its build: the shop and the service, on ports of their own and an empty data directory. */
export async function startShop(): Promise<RunningShop> {
  if (!existsSync(join(root, 'dist/server/cli/main.js'))) throw new Error('Nothing is built yet: npm run build');
  const dataDirectory = await mkdtemp(join(tmpdir(), 'billingos-shop-'));
  // Tokens name the service's port, so it must be known before the service is.
  const port = await freePort();
  // vitest's NODE_ENV would bundle React's development build.
  const { NODE_ENV: _test, ...env } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', 'examples/shop/start.ts'], {
    cwd: root,
    env: { ...env, PORT: String(port), SHOP_PORT: '0', BILLINGOS_DATA_DIR: dataDirectory, LOG_LEVEL: 'error' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const remove = () => rm(dataDirectory, { recursive: true, force: true, maxRetries: 5 });
  const said = await untilSaid(child, /demo shop is open on \S+/).catch(async (error: unknown) => {
    await remove();
    throw error;
  });
  const secretKey = /sk_test_\w+/.exec(said)?.[0] ?? '';
  const shopUrl = /open on (\S+)/.exec(said)?.[1] ?? '';

  return {
    shopUrl,
    serviceUrl: `http://localhost:${port}`,
    secretKey,
    async stop() {
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      const [code] = (await exit) as [number];
      await remove();
      return code;
    },
  };
}

function untilSaid(child: ChildProcess, pattern: RegExp): Promise<string> {
  let said = '';
  return new Promise((resolve, reject) => {
    const listen = (chunk: Buffer) => {
      said += chunk.toString();
      if (pattern.test(said)) resolve(said);
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
    child.once('exit', (code) => reject(new Error(`The shop ended with ${code}: ${said}`)));
  });
}
