import { fileURLToPath } from 'node:url';
import { startChild, type Child } from './child.ts';

/** A server of this suite, in a process of its own. */
export interface Program extends Child {
  readonly url: string;
}

type ProgramName =
  | `floors/${'quiet' | 'signing' | 'checking'}`
  | 'probes/held'
  | `peers/${'apollo' | 'mercurius' | 'oidc-provider' | 'original'}`;

/** Starts it, and hands it what it needs to know. */
export async function startProgram(
  name: ProgramName,
  task: unknown = {},
  nodeOptions: readonly string[] = [],
): Promise<Program> {
  const path = fileURLToPath(new URL(`../${name}.js`, import.meta.url));
  const child = await startChild({
    arguments: [...nodeOptions, path, JSON.stringify(task)],
    // As our own server sets it, where nobody says otherwise.
    env: { NODE_ENV: 'production' },
    readyPattern: /ready on \S+\n/,
  });
  const url = /ready on (\S+)\n/.exec(child.output)?.[1] ?? '';
  return { ...child, url };
}
