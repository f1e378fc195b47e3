import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SocketConnection } from '../../../server/database/connection.ts';
import { startEmbedded } from '../../../server/database/embedded.ts';
import { postmasterPid } from '../../support/embedded.ts';

export interface KillablePostgres {
  readonly connection: SocketConnection;
  readonly socketPath: string;
  /** Resolves when it has ended. */
  kill(): Promise<void>;
  /** Resolves when it takes connections again. */
  start(): Promise<void>;
  /** Ends it, and removes what it kept. */
  remove(): Promise<void>;
}

/** A PostgreSQL that servers are told of, and that a test may kill. */
export async function startPostgres(): Promise<KillablePostgres> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'billingos-faults-'));
  const crashes = new EventEmitter();
  const open = () => startEmbedded({ dataDirectory, durability: 'durable', onCrash: () => crashes.emit('crash') });
  let running = await open();
  const { connection } = running;
  return {
    connection,
    socketPath: join(connection.directory, '.s.PGSQL.5432'),
    async kill() {
      const crash = once(crashes, 'crash');
      process.kill(await postmasterPid(dataDirectory), 'SIGKILL');
      await crash;
    },
    async start() {
      running = await open();
    },
    async remove() {
      await running.stop();
      await rm(dataDirectory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
