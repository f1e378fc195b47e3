import { fileURLToPath } from 'node:url';
import { startChild, type Child } from './child.ts';

/** A bare `node:http` server in a process of its own. */
export interface Floor extends Child {
  readonly url: string;
}

/** Starts one of `floors/`, and hands it what it needs to know. */
export async function startFloor(name: 'quiet' | 'signing' | 'checking', task: unknown = {}): Promise<Floor> {
  const path = fileURLToPath(new URL(`../floors/${name}.js`, import.meta.url));
  const child = await startChild({ arguments: [path, JSON.stringify(task)], readyPattern: /ready on \S+\n/ });
  const url = /ready on (\S+)\n/.exec(child.output)?.[1] ?? '';
  return { ...child, url };
}
