import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { inject } from 'vitest';
import { toClientConfig, type SocketConnection } from '../../server/database/connection.ts';

/** A migrated database of the caller's own, on the run's PostgreSQL. It goes when the run ends. */
export const createDatabase = (): Promise<SocketConnection> => copyOf(inject('template'));

/** One without tables, as a first start finds it. */
export const createEmptyDatabase = (): Promise<SocketConnection> =>
  copyOf({ ...inject('template'), database: 'template0' });

async function copyOf(template: SocketConnection): Promise<SocketConnection> {
  const database = `test_${randomUUID().replaceAll('-', '')}`;
  const client = new Client(toClientConfig({ ...template, database: 'postgres' }));
  await client.connect();
  await client.query(`create database ${database} template ${template.database}`);
  await client.end();
  return { ...template, database };
}
