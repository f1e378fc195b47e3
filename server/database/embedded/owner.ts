import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, DatabaseError } from 'pg';
import { toClientConfig, type SocketConnection } from '../connection.ts';

/** Where the server behind a socket stands; `busy` is on its way up or down. */
type OwnerState = 'absent' | 'busy' | 'accepting';

/**
 * Asks who answers on the socket. PostgreSQL's own lock holds a process number, which says nothing in another container
 * that shares the directory; a socket answers there too.
 */
export async function probe(connection: SocketConnection): Promise<OwnerState> {
  const client = new Client({ ...toClientConfig(connection), connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.end();
    return 'accepting';
  } catch (error) {
    return stateAfter(error);
  }
}

function stateAfter(error: unknown): OwnerState {
  const isStartingOrStopping = error instanceof DatabaseError && error.code === '57P03';
  if (error instanceof DatabaseError) return isStartingOrStopping ? 'busy' : 'accepting';
  // The system's codes say that nobody listens; without one, somebody listened and fell silent.
  return error instanceof Error && 'code' in error ? 'absent' : 'busy';
}

/**
 * Removes the lock of a PostgreSQL that was killed, if its process number now belongs to something else. PostgreSQL itself
 * takes any living process for the owner, and after the restart of a container the same small numbers come again.
 */
export async function removeStaleLock(cluster: string): Promise<void> {
  const lock = join(cluster, 'postmaster.pid');
  const [pid = ''] = (await readFile(lock, 'utf8').catch(() => '')).split('\n', 1);
  // Only Linux says so; elsewhere the lock stays, and the start is refused.
  const program = await readFile(join('/proc', pid, 'comm'), 'utf8').catch(() => undefined);
  if (program !== undefined && program.trim() !== 'postgres') await rm(lock, { force: true });
}
