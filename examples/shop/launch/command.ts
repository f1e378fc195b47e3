import { type ChildProcess, spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { LaunchError, type Settings } from './settings.ts';

const root = new URL('../../../', import.meta.url);
const program = fileURLToPath(new URL('dist/server/cli/main.js', root));

/** Starts `billingos …` in a process of its own. Its errors go straight to the terminal. */
export const spawnCommand = (args: readonly string[], env: Settings['env']): ChildProcess =>
  spawn(process.execPath, [program, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });

/** Runs `billingos … --json` to its end. */
export async function runCommand(args: readonly string[], env: Settings['env']): Promise<unknown> {
  const child = spawnCommand([...args, '--json'], env);
  const [output, exitCode] = await Promise.all([child.stdout ? text(child.stdout) : '', exitOf(child)]);
  if (exitCode !== 0) throw new LaunchError(`billingos ${args.slice(0, 2).join(' ')} failed.`);
  return JSON.parse(output);
}

/** How a process ends, as a shell would say it. */
export const exitOf = (child: ChildProcess): Promise<number> =>
  new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
