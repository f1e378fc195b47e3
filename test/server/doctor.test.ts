import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { jwksOf } from '../../server/token/jwks.ts';
import { diagnose, type Finding } from '../../server/doctor/doctor.ts';
import { createHarness, type Harness, masterKey, shopOrigin } from '../support/harness.ts';
import { billingos, dataDirectory, urlOf } from '../support/process.ts';
import { createDatabase } from '../support/postgres.ts';

let harness: Harness;
let env: Readonly<Record<string, string>>;
beforeAll(async () => {
  harness = await createHarness();
  env = {
    DATABASE_URL: urlOf(harness.connection),
    BILLINGOS_MASTER_KEY: masterKey,
    BILLINGOS_ALLOWED_ORIGINS: shopOrigin,
    PUBLIC_URL: 'http://localhost:1',
  };
});
afterAll(() => harness.stop());

/** What one check finds in the sound installation, with these variables changed. */
async function findingOf(name: string, changed: Readonly<Record<string, string>> = {}): Promise<Finding | undefined> {
  return (await diagnose({ ...env, ...changed })).find(({ check }) => check === name);
}

/** Something at PUBLIC_URL that answers with the keys of an environment, or with what it is given. */
async function publicUrlOf(keysOf: (environment: 'test' | 'live') => object): Promise<string> {
  const server = createServer((request, response) => {
    const environment = request.url?.startsWith('/sandbox/') ? 'test' : 'live';
    response.end(JSON.stringify(keysOf(environment)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a sound installation has no failure, and warns of nothing but what it cannot know', async () => {
  const findings = await diagnose({
    ...env,
    PUBLIC_URL: await publicUrlOf((environment) => jwksOf(harness.rules.keyRing.published(environment))),
  });
  expect(findings.map(({ check, status }) => [check, status])).toEqual([
    ['configuration', 'ok'],
    ['allowed origins', 'ok'],
    ['trusted proxies', 'ok'],
    ['data directory', 'ok'],
    ['database', 'ok'],
    ['migrations', 'ok'],
    ['clock', 'ok'],
    ['master key', 'ok'],
    ['public URL', 'ok'],
    ['payments in live', 'ok'],
  ]);
});

test.each<[string, string, Record<string, string>, Finding['status'], string]>([
  ['a configuration that is wrong', 'configuration', { PORT: 'http' }, 'failure', 'PORT must be a port number'],
  ['no allowed origins', 'allowed origins', { BILLINGOS_ALLOWED_ORIGINS: '' }, 'warning', 'none'],
  ['an https URL without proxies', 'trusted proxies', { PUBLIC_URL: 'https://a.example' }, 'warning', 'none'],
  [
    'a database that nobody answers at',
    'database',
    { DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:1/x' },
    'failure',
    'ECONNREFUSED',
  ],
  ['another master key', 'master key', { BILLINGOS_MASTER_KEY: `${masterKey}?` }, 'failure', 'opens 0 of 2'],
  ['a public URL out of reach', 'public URL', {}, 'warning', 'cannot be reached from here'],
])('%s is found', async (_what, name, changed, status, found) => {
  expect(await findingOf(name, changed)).toMatchObject({ status, found: expect.stringContaining(found) });
});

test('somebody else at the public URL is found', async () => {
  const foreign = await publicUrlOf(() => ({ keys: [{ kid: 'of-another-installation' }] }));
  expect(await findingOf('public URL', { PUBLIC_URL: foreign })).toMatchObject({ status: 'failure' });
  const swapped = await publicUrlOf((environment) =>
    jwksOf(harness.rules.keyRing.published(environment === 'test' ? 'live' : 'test')),
  );
  expect(await findingOf('public URL', { PUBLIC_URL: swapped })).toMatchObject({ status: 'failure' });
});

test('migrations that wait, and those of a newer version, are found', async () => {
  const { db } = harness.database;
  await db.execute('insert into drizzle.__drizzle_migrations (hash, created_at) values (1, 1)');
  expect(await findingOf('migrations')).toMatchObject({ status: 'warning', found: expect.stringContaining('newer') });
  await db.execute(
    'update drizzle.__drizzle_migrations set created_at = 2 where created_at = (select max(created_at) from drizzle.__drizzle_migrations)',
  );
  await db.execute('delete from drizzle.__drizzle_migrations where created_at <= 2');
  expect(await findingOf('migrations')).toMatchObject({
    status: 'warning',
    found: expect.stringContaining('applies 1'),
  });
});

test('a merchant that sells in live with nobody to take the payments is found', async () => {
  const live = await harness.newMerchant('Live', 'live');
  expect(await findingOf('payments in live')).toMatchObject({
    status: 'warning',
    found: expect.stringContaining(live.id),
  });
  const owner = { merchantId: live.id, environment: 'live' as const };
  await harness.rules.stripeAccounts.connect(owner, { secretKey: 'sk_live_51Doctor0000' });
  expect(await findingOf('payments in live')).toMatchObject({ status: 'ok' });
});

test('a data directory or a master key that others may reach is found', async () => {
  const { path, remove } = await dataDirectory();
  onTestFinished(remove);
  const look = async () =>
    (await diagnose({ BILLINGOS_DATA_DIR: path })).find(({ check }) => check === 'data directory');
  expect((await look())?.found).toContain('master-key is not there');
  await writeFile(join(path, 'master-key'), masterKey, { mode: 0o644 });
  expect(await look()).toMatchObject({ status: 'failure', found: expect.stringContaining('chmod 600') });
  await chmod(join(path, 'master-key'), 0o600);
  expect(await look()).toMatchObject({ status: 'ok' });
  await chmod(path, 0o777);
  expect(await look()).toMatchObject({ status: 'failure', found: expect.stringContaining('chmod go-w') });
});

test('it changes nothing: an empty database stays empty, and nothing secret is in what it says', async () => {
  const connection = { ...(await createDatabase()), database: 'template1' };
  const findings = await diagnose({ ...env, DATABASE_URL: urlOf(connection) });
  expect(findings.find(({ check }) => check === 'migrations')?.found).toContain('the database is empty');
  const said = JSON.stringify([
    findings,
    await diagnose({ ...env, DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:1/x' }),
  ]);
  expect(said).not.toMatch(/hunter2|a master key of the tests/);
});

test('the command prints a table or JSON, and exits with 1 when something is broken', async () => {
  const broken = { ...env, BILLINGOS_MASTER_KEY: `${masterKey}?` };
  const [people, scripts] = await Promise.all([billingos(['doctor'], env), billingos(['doctor', '--json'], broken)]);
  expect(people).toMatchObject({ exitCode: 0, stderr: '' });
  expect(people.stdout.split('\n')[0]?.split(/ {2,}/)).toEqual(['CHECK', 'STATUS', 'WHAT WAS FOUND']);
  expect(scripts.exitCode).toBe(1);
  expect(JSON.parse(scripts.stdout)).toContainEqual(
    expect.objectContaining({ check: 'master key', status: 'failure' }),
  );
}, 60_000);
