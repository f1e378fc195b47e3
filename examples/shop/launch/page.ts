import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const configFile = fileURLToPath(new URL('../vite.config.ts', import.meta.url));

/** Builds the page. @returns the directory to serve. */
export async function buildPage(): Promise<string> {
  await build({ configFile, logLevel: 'warn' });
  return fileURLToPath(new URL('../dist', import.meta.url));
}
