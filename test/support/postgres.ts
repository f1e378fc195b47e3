import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { inject } from 'vitest';
import { toClientConfig, type SocketConnection } from '../../server/database/connection.ts';

/** A migrated database of the caller's own, on the run's PostgreSQL. It goes when the run ends. */
export async function createDatabase(): Promise<SocketConnection> {
  const template = inject('template');
  const database = `test_${randomUUID().replaceAll('-', '')}`;
  const client = new Client(toClientConfig({ ...template, database: 'postgres' }));
  await client.connect();
  await client.query(`create database ${database} template ${template.database}`);
  await client.end();
  return { ...template, database };
}
