import { chown, open } from 'node:fs/promises';
import { join } from 'node:path';
import { StartupError } from '../../startup-error.ts';
import { isThere, makeComplete, removeDrafts } from './draft.ts';
import { spawnGuarded } from './guarded.ts';
import type { Home } from './home.ts';

/** What a crash of the machine may cost: nothing, or everything. `fast` is for tests. */
export type Durability = 'durable' | 'fast';

/** Makes the cluster on the first start. A kill half way leaves no directory that is later taken for a cluster. */
export async function ensureCluster(home: Home, binaries: string, durability: Durability): Promise<void> {
  if (!(await isThere(join(home.cluster, 'PG_VERSION')))) {
    await makeComplete(home.cluster, (draft) => initialize(draft, home, binaries, durability));
    if (durability === 'durable') await syncDirectory(home.dataDirectory);
  }
  await removeDrafts(home.cluster);
}

async function initialize(draft: string, { account }: Home, binaries: string, durability: Durability): Promise<void> {
  if (account) await chown(draft, account.uid, account.gid);
  const initdb = spawnGuarded({
    path: join(binaries, 'initdb'),
    arguments: [
      '-D',
      pathWithin(draft, account),
      '--username=postgres',
      '--encoding=UTF8',
      '--locale=C',
      // Nobody but the owner of the socket's directory gets as far as being asked for a password.
      '--auth=trust',
      '--no-instructions',
      ...(durability === 'fast' ? ['--no-sync'] : []),
    ],
    workingDirectory: draft,
    account,
  });
  const exitCode = await initdb.ended;
  if (exitCode !== 0) throw new StartupError(`PostgreSQL could not make its files: ${initdb.complaint()}`);
}

/**
 * How PostgreSQL names a directory that is its working directory. Another account may be unable to walk the absolute path,
 * as under /root, but it may stay where we put it.
 */
export function pathWithin(workingDirectory: string, account: Home['account']): string {
  return account ? '/proc/self/cwd' : workingDirectory;
}

/** Without this a power cut may undo the rename, and the next start would take the cluster for a draft. */
async function syncDirectory(directory: string): Promise<void> {
  const opened = await open(directory);
  try {
    await opened.sync();
  } finally {
    await opened.close();
  }
}
