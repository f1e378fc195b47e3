import { join, relative } from 'node:path';
import { pathWithin, type Durability } from './cluster.ts';
import { spawnGuarded, type Guarded } from './guarded.ts';
import type { Home } from './home.ts';

export type Start =
  | { kind: 'ready'; server: Guarded }
  /** Another server owns the cluster, or still seems to. */
  | { kind: 'locked' }
  | { kind: 'failed'; complaint: string };

const unsafeButFast = ['-F', '-c', 'synchronous_commit=off', '-c', 'full_page_writes=off'];

/** Starts PostgreSQL on the cluster; it recovers by its log if it was killed. Resolves when it takes connections or ended. */
export async function startPostmaster(home: Home, binaries: string, durability: Durability): Promise<Start> {
  const server = spawnGuarded({
    path: join(binaries, 'postgres'),
    arguments: [
      '-D',
      pathWithin(home.cluster, home.account),
      '-k',
      socketDirectoryAsSeenFrom(home),
      '-c',
      'listen_addresses=',
      '-c',
      'max_connections=100',
      // Until autovacuum has analyzed a new table, the planner may pick the wrong index. By default it looks once a minute.
      '-c',
      'autovacuum_naptime=10s',
      ...(durability === 'fast' ? unsafeButFast : []),
    ],
    workingDirectory: home.cluster,
    account: home.account,
  });

  // Its own words, since a connection could as well be taken by another server on the same socket.
  const ready = new Promise<true>((resolve) => {
    let output = '';
    server.onOutput((text) => {
      output = (output + text).slice(-1_000);
      if (output.includes('ready to accept connections')) resolve(true);
    });
  });
  if ((await Promise.race([ready, server.ended])) === true) return { kind: 'ready', server };
  const complaint = server.complaint();
  return /lock file|shared memory block/.test(complaint) ? { kind: 'locked' } : { kind: 'failed', complaint };
}

/** Relative where it can be: PostgreSQL reads a list here, and the path of the data directory may contain a comma. */
function socketDirectoryAsSeenFrom({ cluster, dataDirectory, socketDirectory }: Home): string {
  return socketDirectory.startsWith(dataDirectory) ? relative(cluster, socketDirectory) : socketDirectory;
}
