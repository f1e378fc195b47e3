import type { ClientConfig } from 'pg';

/** Where a PostgreSQL is. A socket is reached by its directory; whoever may enter that directory needs no password. */
export type Connection = { kind: 'url'; url: string } | SocketConnection;

export interface SocketConnection {
  kind: 'socket';
  directory: string;
  user: string;
  database: string;
}

/** PostgreSQL names its socket file after a port, also where no port is open. */
export const socketPort = 5432;

/** The connection as `pg` wants it, for a Client or a Pool. */
export function toClientConfig(connection: Connection): ClientConfig {
  if (connection.kind === 'url') return { connectionString: connection.url };
  const { directory, user, database } = connection;
  // `port` and `ssl` are said aloud because pg would take them from PGPORT and PGSSLMODE otherwise.
  return { host: directory, port: socketPort, user, database, ssl: false };
}
