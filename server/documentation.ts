import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's own documents: what each path answers, `/llms.txt` first of all. */
export type Documentation = ReadonlyMap<string, string>;

const besideDocs = ['README.md', 'CHANGELOG.md', 'schema/schema.graphql'];

/** Reads the documents of this version, so that a machine that found the server finds out how to use it. */
export async function readDocumentation(): Promise<Documentation> {
  const root = await packageRoot(dirname(fileURLToPath(import.meta.url)));
  const docs = (await readdir(join(root, 'docs'), { recursive: true })).filter((path) => /\.(md|txt)$/.test(path));
  const paths = [...besideDocs, ...docs.map((path) => `docs/${path}`)];
  const texts = await Promise.all(
    paths.map(async (path) => [`/${path}`, await readFile(join(root, path), 'utf8')] as const),
  );
  const documentation = new Map(texts);
  return documentation.set('/llms.txt', linkedFromRoot(documentation.get('/docs/llms.txt') ?? ''));
}

/** The source lies in the package, the build one directory deeper. */
async function packageRoot(directory: string): Promise<string> {
  const names = await readdir(directory);
  return names.includes('package.json') ? directory : packageRoot(dirname(directory));
}

/** Its links are relative to `docs/`, where it lies. */
const linkedFromRoot = (index: string) =>
  index.replaceAll('](../', '](/').replaceAll(/\]\((?![/a-z]+:|\/)/g, '](/docs/');
