import { execFile } from 'node:child_process';
import { isDeepStrictEqual, promisify } from 'node:util';
import { Client, type ClientConfig } from 'pg';
import { idSql } from './ids.ts';
import { structureOf } from './structure.ts';

const tables = ['customers', 'sessions'];
/** Younger than what the server removes. */
const spreadOverMs = 29 * 86_400_000;
const lifetimeMs = 3_600_000;

/** For the filling only. */
const carelessSettings = {
  fsync: 'off',
  full_page_writes: 'off',
  autovacuum: 'off',
  max_wal_size: '4GB',
  checkpoint_timeout: '1h',
};

/**
 * Writes so many customers and a session of each, of the first merchant's sandbox, as if made one after the other over the
 * last 29 days. Indexes and keys are taken off and put on again. What was written is on the disk at the end.
 */
export async function fill(connection: ClientConfig, rows: number): Promise<void> {
  const clients = await Promise.all(tables.map(() => connect(connection)));
  const [client, second] = clients;
  if (!client || !second) throw new TypeError('there are two tables');
  try {
    for (const [name, value] of Object.entries(carelessSettings))
      await client.query(`alter system set ${name} = '${value}'`);
    await client.query('select pg_reload_conf()');
    const structure = await structureOf(client, tables);
    const indexes = [...structure.indexes.values()];
    for (const { drop } of [...structure.foreignKeys, ...indexes.flat()]) await client.query(drop);

    const key = await keyOf(client);
    const endMs = Date.now();
    await Promise.all([
      client.query(customersSql(rows, endMs), [key.merchantId]),
      second.query(sessionsSql(rows, endMs), [key.merchantId, key.id]),
    ]);

    await Promise.all(indexes.map((ofTable, index) => createAll(clients[index] ?? client, ofTable)));
    await createAll(client, structure.foreignKeys);
    if (!isDeepStrictEqual(await structureOf(client, tables), structure))
      throw new Error('the indexes are not what they were');
    await Promise.all([client.query('vacuum (analyze) customers'), second.query('vacuum (analyze) sessions')]);
  } finally {
    await client.query('alter system reset all');
    await client.query('select pg_reload_conf()');
    await client.query('checkpoint');
    await Promise.all(clients.map((one) => one.end()));
    // What PostgreSQL wrote with fsync off, it would not sync later either.
    await promisify(execFile)('sync');
  }
}

async function connect(connection: ClientConfig): Promise<Client> {
  const client = new Client(connection);
  await client.connect();
  await client.query("set synchronous_commit = off; set maintenance_work_mem = '1GB'; set work_mem = '256MB'");
  return client;
}

async function createAll(client: Client, definitions: readonly { readonly create: string }[]): Promise<void> {
  for (const { create } of definitions) await client.query(create);
}

async function keyOf(client: Client): Promise<{ merchantId: string; id: string }> {
  const { rows } = await client.query<{ merchantId: string; id: string }>(
    `select merchant_id as "merchantId", id from secret_keys where environment = 'test' limit 1`,
  );
  if (!rows[0]) throw new Error('there is no secret key');
  return rows[0];
}

/** The number and the moment of each row, up to the end. */
const numbered = (rows: number, endMs: number) => `(
    select number, ${endMs} - ((${rows} - number)::bigint * ${spreadOverMs} / ${rows}) as ms
    from generate_series(1, ${rows}) as number
  ) as numbered`;

const momentSql = (milliseconds: string) => `to_timestamp((${milliseconds}) / 1000.0)`;

const customersSql = (rows: number, endMs: number) => `insert into customers
    (merchant_id, environment, id, external_user_id, email, metadata, source, created_at)
  select $1, 'test', ${idSql('cus', 'ms', 'number')}, 'user-' || number, 'user-' || number || '@example.com', '{}', 'session',
    ${momentSql('ms')}
  from ${numbered(rows, endMs)}`;

const sessionsSql = (rows: number, endMs: number) => `insert into sessions
    (merchant_id, environment, id, customer_id, key_id, external_user_id, metadata, created_at, expires_at)
  select $1, 'test', ${idSql('ses', 'ms', 'number')}, ${idSql('cus', 'ms', 'number')}, $2, 'user-' || number, '{}',
    ${momentSql('ms')}, ${momentSql(`ms + ${lifetimeMs}`)}
  from ${numbered(rows, endMs)}`;
