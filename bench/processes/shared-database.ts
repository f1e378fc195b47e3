import { startEmbedded } from '../../server/database/embedded.ts';

/** A PostgreSQL for several servers, by a URL, as one of the user's own is. */
export interface SharedDatabase {
  readonly url: string;
  /** What a server needs to be told of it. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export async function startSharedDatabase(dataDirectory: string): Promise<SharedDatabase> {
  const { connection, stop } = await startEmbedded({ dataDirectory, durability: 'durable' });
  const { directory, user, database } = connection;
  const url = `postgres:///${database}?host=${encodeURIComponent(directory)}&user=${user}`;
  return { url, stop, env: { DATABASE_URL: url, BILLINGOS_MASTER_KEY: 'a master key of the bench suite alone' } };
}
