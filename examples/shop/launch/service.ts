import { exitOf, spawnCommand } from './command.ts';
import { reachableHost, type Settings } from './settings.ts';

/** The billing service in a process of its own. */
export interface Service {
  /** Settles when it serves, with its address on this machine; never when it ends before. */
  readonly ready: Promise<string>;
  /** Settles with its exit code. */
  readonly exit: Promise<number>;
  stop(): void;
  kill(): void;
}

export function startService({ env, host }: Settings): Service {
  const child = spawnCommand(['serve'], env);
  const ready = new Promise<string>((resolve) => {
    let said = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      process.stdout.write(chunk);
      said += chunk.toString();
      const port = /ready on \S+:(\d+)\n/.exec(said)?.[1];
      if (port !== undefined) resolve(`http://${reachableHost(host)}:${port}`);
    });
  });
  return { ready, exit: exitOf(child), stop: () => child.kill('SIGTERM'), kill: () => child.kill('SIGKILL') };
}
