import { Client } from 'pg';
import { toClientConfig } from '../../server/database/connection.ts';
import { attachEmbedded } from '../../server/database/embedded.ts';
import { say, secondsSince } from '../progress.ts';
import { startService, type Service } from '../processes/service.ts';
import { fill } from './fill.ts';

/** Our server on a database that holds so many customers already: `user-1` and so on, a session each. */
export interface FilledService extends Service {
  readonly rows: number;
  /** What the database takes for one customer and one session, with their indexes. */
  readonly bytesPerRow: number;
}

export async function startFilled(
  directory: string,
  rows: number,
  nodeOptions: readonly string[] = [],
): Promise<FilledService> {
  const service = await startService({ directory, nodeOptions });
  try {
    const { connection } = await attachEmbedded({ dataDirectory: service.dataDirectory, durability: 'durable' });
    const config = toClientConfig(connection);
    const emptyBytes = await databaseBytes(config);
    const begunAt = performance.now();
    await fill(config, rows);
    const bytesPerRow = ((await databaseBytes(config)) - emptyBytes) / rows;
    say(`  filled with ${rows.toLocaleString('en')} in ${secondsSince(begunAt)} s`);
    return { ...service, rows, bytesPerRow };
  } catch (error) {
    await service.stop();
    throw error;
  }
}

async function databaseBytes(config: ReturnType<typeof toClientConfig>): Promise<number> {
  const client = new Client(config);
  await client.connect();
  const { rows } = await client.query<{ bytes: string }>('select pg_database_size(current_database()) as bytes');
  await client.end();
  return Number(rows[0]?.bytes);
}
