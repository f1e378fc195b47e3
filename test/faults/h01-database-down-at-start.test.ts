import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDatabase } from '../../server/database/database.ts';
import { createDatabase } from '../support/postgres.ts';
import { billingos, startServer } from '../support/process.ts';
import { startProxy } from '../support/proxy.ts';
import { inMs, report, spreadOf } from './support/report.ts';
import { rounds, timeout } from './support/rounds.ts';
import { onPostgres, urlThrough } from './support/service.ts';

const nowhere = 'postgres://user:hunter2@127.0.0.1:1/db';

const starts = rounds(1, 20);

test('H1 a server that is started before its database waits for it, and says so', { timeout }, async () => {
  const readyAfter: number[] = [];
  for (let start = 0; start < starts; start++) {
    const { directory, database } = await createDatabase();
    const proxy = await startProxy(join(directory, '.s.PGSQL.5432'));
    proxy.cut();
    let said: () => string = () => '';
    const starting = startServer(onPostgres(urlThrough(proxy.port, database)), ({ stderr }) => (said = stderr));
    await expect.poll(said, { timeout: 60_000 }).toMatch(/"waiting for the database"/);
    proxy.heal();
    const healedAt = performance.now();
    const server = await starting;
    readyAfter.push(performance.now() - healedAt);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    expect(await server.stop()).toBe(0);
    await proxy.close();
  }
  report({
    fault: 'H1 PostgreSQL comes up after the server',
    figures: { starts, failed: 0, 'ready after it is there': inMs(spreadOf(readyAfter)) },
  });
});

test('H1 patience ends: then the start fails, and says why without the password', async () => {
  const reasons: string[] = [];
  const opened = openDatabase({
    connection: { kind: 'url', url: nowhere },
    applicationName: 'test',
    patienceMs: 300,
    onWait: (reason) => reasons.push(reason),
  });
  await expect(opened).rejects.toThrow(/^The database cannot be reached: ECONNREFUSED$/);
  expect(reasons).toEqual(['ECONNREFUSED']);
});

test('H1 what will not pass is not waited for', async () => {
  const connection = { ...(await createDatabase()), database: 'nowhere' };
  const opened = openDatabase({ connection, applicationName: 'test', patienceMs: 60_000 });
  await expect(opened).rejects.toThrow('database "nowhere" does not exist');
});

test('H1 a command does not wait: it says at once that nobody listens', async () => {
  const { exitCode, stderr } = await billingos(['keys', 'list'], onPostgres(nowhere));
  expect(exitCode).toBe(1);
  expect(stderr).toBe('The database cannot be reached: ECONNREFUSED\n');
});
