import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// This file runs from bench/dist/bench.
export const projectDirectory = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * Hands over a fresh directory, and removes it. It lies in the project, as the data directory of most users: the system's
 * temporary directory may be in memory, where fsync costs nothing.
 */
export async function inFreshDirectory<Result>(use: (directory: string) => Promise<Result>): Promise<Result> {
  const parent = join(projectDirectory, 'bench', 'data');
  await mkdir(parent, { recursive: true });
  const directory = await mkdtemp(join(parent, 'run-'));
  try {
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}
