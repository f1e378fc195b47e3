import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase, type Database, type DatabaseOptions } from '../../server/database/database.ts';
import { migrate } from '../../server/database/migrate.ts';
import { isOutage } from '../../server/database/outage.ts';
import { StartupError } from '../../server/startup-error.ts';
import { temporaryDirectory } from '../support/embedded.ts';
import { createDatabase } from '../support/postgres.ts';

async function open(options: Partial<DatabaseOptions> = {}): Promise<Database> {
  const connection = options.connection ?? (await createDatabase());
  const database = await openDatabase({ applicationName: 'test', ...options, connection });
  onTestFinished(() => database.close());
  return database;
}

// drizzle skips migrations that are older than the last one applied.
const newerThanOurs = Date.UTC(2100, 0);

/** A migrations folder as drizzle-kit writes it. */
async function migrationsFolder(...statements: string[]): Promise<string> {
  const folder = await temporaryDirectory();
  await mkdir(join(folder, 'meta'));
  const entries = statements.map((_, idx) => ({
    idx,
    version: '7',
    when: newerThanOurs + idx,
    tag: `000${idx}`,
    breakpoints: true,
  }));
  await writeFile(
    join(folder, 'meta', '_journal.json'),
    JSON.stringify({ version: '7', dialect: 'postgresql', entries }),
  );
  await Promise.all(statements.map((statement, idx) => writeFile(join(folder, `000${idx}.sql`), statement)));
  return folder;
}

test('every test file has a database of its own', async () => {
  const [one, other] = [await open(), await open()];
  await one.db.execute('create table mine (id int)');

  const { rows } = await other.db.execute(`select to_regclass('mine') as mine`);
  expect(rows).toEqual([{ mine: null }]);
});

test.each([
  ['nobody listens', 'postgres://user:hunter2@127.0.0.1:1/db', 'ECONNREFUSED'],
  ['the host does not exist', 'postgres://user:hunter2@host.invalid/db', /E/],
  ['the URL is mistyped', 'postgres://user:hunter2#@host/db', 'ERR_INVALID_URL'],
  ['host and password are swapped', 'postgres://user:localhost@hunter2.invalid/db', /E/],
])('when %s the start fails without showing the password', async (_, url, reason) => {
  const failure: unknown = await open({ connection: { kind: 'url', url } }).catch((error) => error);

  expect(failure).toBeInstanceOf(StartupError);
  expect((failure as StartupError).message).toMatch(/^The database cannot be reached: [^\n]+$/);
  expect((failure as StartupError).message).toMatch(reason);
  expect((failure as StartupError).message).not.toContain('hunter2');
});

test('a database that does not exist is named at the start', async () => {
  const connection = { ...(await createDatabase()), database: 'nowhere' };

  await expect(open({ connection })).rejects.toThrow(
    'The database cannot be reached: database "nowhere" does not exist',
  );
});

test('a statement that takes too long is cancelled on every connection', async () => {
  const { db } = await open({ statementTimeoutMs: 50, maxConnections: 2 });
  const slow = () => expect(db.execute('select pg_sleep(60)')).rejects.toMatchObject({ cause: { code: '57014' } });

  await Promise.all([slow(), slow()]);
});

test('a connection that breaks costs its own query and nothing else', async () => {
  const [doomed, other] = [await createDatabase(), await open()];
  const database = await open({ connection: doomed });
  const endAll = sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${doomed.database}`;

  const transaction = database.db.transaction(async (tx) => {
    await tx.execute('select 1');
    await other.db.execute(endAll);
    await tx.execute('select 1');
  });
  await expect(transaction).rejects.toThrow();
  await database.ping();
  await other.db.execute(endAll);
  await expect.poll(() => database.db.$client.totalCount).toBe(0);
  await database.ping();
});

test('every statement is counted, without its values', async () => {
  const statements: string[] = [];
  const { db } = await open({ onQuery: (statement) => statements.push(statement) });
  await db.transaction((tx) => tx.execute(sql`select ${'ada@example.com'}::text`));

  expect(statements).toEqual(['begin', 'select $1::text', 'commit']);
});

test('processes that start together apply each migration once', async () => {
  const connection = await createDatabase();
  const databases = await Promise.all([1, 2, 3, 4].map(() => open({ connection })));
  const folder = await migrationsFolder('create table one_of_a_kind (id int)', 'insert into one_of_a_kind values (1)');
  await Promise.all(databases.map((database) => migrate(database, folder)));

  const rows = await databases[0]?.db.execute('select id from one_of_a_kind');
  expect(rows?.rows).toEqual([{ id: 1 }]);
});

test('a migration may take longer than a statement', async () => {
  const database = await open({ statementTimeoutMs: 50 });

  await migrate(database, await migrationsFolder('select pg_sleep(0.2)'));
});

test('a migration lets go of the tables that a request waits for, and tries again', async () => {
  const connection = await createDatabase();
  const [serving, starting] = await Promise.all([open({ connection }), open({ connection })]);
  await serving.db.execute('create table one (id int); create table other (id int)');
  const folder = await migrationsFolder('alter table one add name text; alter table other add name text');
  const isHeld = `select from pg_locks where relation = 'one'::regclass and mode = 'AccessExclusiveLock' and granted`;
  let migrated: Promise<void> | undefined;

  await serving.transaction(async (transaction) => {
    await transaction.execute('insert into other values (1)');
    migrated = migrate(starting, folder);
    await expect.poll(async () => (await serving.db.execute(isHeld)).rowCount, { interval: 5 }).toBe(1);
    await transaction.execute('insert into one values (1)');
  });
  await migrated;

  const { rows } = await serving.db.execute('select one.name, other.name as "otherName" from one, other');
  expect(rows).toEqual([{ name: null, otherName: null }]);
});

test('a migration holds up no request for a second, also when it waits for several tables one after the other', async () => {
  const connection = await createDatabase();
  const [serving, starting] = await Promise.all([open({ connection }), open({ connection })]);
  const tables = ['one', 'two', 'three', 'four'];
  await serving.db.execute(tables.map((name) => `create table ${name} (id int)`).join(';'));
  const folder = await migrationsFolder(tables.map((name) => `alter table ${name} add name text`).join(';'));
  const hold = (name: string, seconds: number) =>
    serving.transaction(async (transaction) => {
      await transaction.execute(`lock table ${name} in row exclusive mode`);
      await transaction.execute(`select pg_sleep(${seconds})`);
    });
  const isHeld = `select from pg_locks where relation = 'one'::regclass and mode = 'AccessExclusiveLock' and granted`;
  let others: Promise<unknown> | undefined;

  await serving.transaction(async (transaction) => {
    await transaction.execute('insert into four values (1)');
    others = Promise.all([hold('two', 0.4), hold('three', 0.8), migrate(starting, folder)]);
    await expect.poll(async () => (await serving.db.execute(isHeld)).rowCount, { interval: 5 }).toBe(1);
    await transaction.execute('insert into one values (1)');
  });
  await others;
});

test('a migration that fails changes nothing and says why', async () => {
  const database = await open();
  const folder = await migrationsFolder('create table half (id int)', 'select * from nowhere');

  await expect(migrate(database, folder)).rejects.toThrow(
    'The database could not be migrated: relation "nowhere" does not exist',
  );
  const { rows } = await database.db.execute(`select to_regclass('half') as half`);
  expect(rows).toEqual([{ half: null }]);
});

test('of those who wait for a connection a thousand may, more are told at once that there is none', async () => {
  const { db, transaction } = await open({ maxConnections: 1 });
  const held = await db.$client.connect();
  const waiting = Array.from({ length: 1_000 }, () => db.$client.query('select 1'));
  // The last ones may wait too long, on a slow machine.
  const outcomes = Promise.allSettled(waiting);
  const refused = [db.execute('select 1'), transaction(async () => 'begun')].map((work) =>
    Promise.race([outcomes, work]).catch(isOutage),
  );

  expect(await Promise.all(refused)).toEqual([true, true]);
  expect(db.$client.waitingCount).toBe(1_000);
  held.release();
  await expect(waiting[0]).resolves.toMatchObject({ rowCount: 1 });
  await outcomes;
});

test('no row of a merchant is there without that merchant', async () => {
  const database = await open();
  await migrate(database);

  const { rows } = await database.db.execute<{ table: string; refersTo: string[] }>(sql`
    select attribute.attrelid::regclass::text as table,
      coalesce(array_agg(reference.confrelid::regclass::text) filter (where reference.contype = 'f'), '{}') as "refersTo"
    from pg_attribute attribute
    left join pg_constraint reference
      on reference.conrelid = attribute.attrelid and attribute.attnum = any(reference.conkey)
    where attribute.attname = 'merchant_id' and attribute.attrelid in (select oid from pg_class where relkind = 'r')
    group by 1`);
  const referring = new Map(rows.map(({ table, refersTo }) => [table, refersTo]));
  const belongsToMerchant = (table: string): boolean =>
    table === 'merchants' || (referring.get(table) ?? []).some((other) => belongsToMerchant(other));

  expect(rows.length).toBeGreaterThan(10);
  expect([...referring.keys()].filter((table) => !belongsToMerchant(table))).toEqual([]);
});
