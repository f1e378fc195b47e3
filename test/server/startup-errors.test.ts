import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHarness } from '../support/harness.ts';
import { createDatabase } from '../support/postgres.ts';
import {
  billingos,
  clusterDirectory,
  dataDirectory,
  type ServerProcess,
  startServer,
  urlOf,
} from '../support/process.ts';

const masterKey = 'another master key of the tests, long enough';

const directories: Awaited<ReturnType<typeof dataDirectory>>[] = [];
let dataDirectoryInUse: string;
let server: ServerProcess;

beforeAll(async () => {
  dataDirectoryInUse = await removedLater(clusterDirectory());
  server = await startServer({ BILLINGOS_DATA_DIR: dataDirectoryInUse });
});
afterAll(async () => {
  await server.stop();
  for (const { remove } of directories) await remove();
});

/** A variable whose value is made when the test runs. */
type Variables = Readonly<Record<string, string | (() => string | Promise<string>)>>;

const ownPostgres = { DATABASE_URL: async () => urlOf(await createDatabase()), BILLINGOS_MASTER_KEY: masterKey };

async function failureOf(variables: Variables) {
  const entries = Object.entries(variables).map(async ([name, value]) => [
    name,
    typeof value === 'string' ? value : await value(),
  ]);
  const { exitCode, stdout, stderr } = await billingos(['serve'], Object.fromEntries(await Promise.all(entries)));
  expect(stdout).not.toContain('ready');
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^[^\n]+\n$/);
  return stderr;
}

async function removedLater(made: ReturnType<typeof dataDirectory>): Promise<string> {
  const directory = await made;
  directories.push(directory);
  return directory.path;
}

const fileInTheWay = async () => {
  const path = join(await removedLater(dataDirectory()), 'file');
  await writeFile(path, '');
  return path;
};

const withDamagedMasterKey = async () => {
  const path = await removedLater(dataDirectory());
  await writeFile(join(path, 'master-key'), 'half of a ke');
  return path;
};

const withOtherMasterKey = async () => {
  const { connection, stop } = await createHarness();
  await stop();
  return urlOf(connection);
};

describe('a start that cannot succeed says why in one line, and exits with 1', () => {
  test.concurrent.each<[string, Variables, RegExp]>([
    [
      'the port is in use',
      { ...ownPostgres, PORT: () => String(server.port) },
      /^Port \d+ is in use on 127\.0\.0\.1: /,
    ],
    ['the address is not ours', { ...ownPostgres, HOST: '203.0.113.1' }, /^Cannot listen on 203\.0\.113\.1 port 0: /],
    [
      'another server has the data directory',
      { BILLINGOS_DATA_DIR: () => dataDirectoryInUse },
      /^The data directory \S+ is in use by another BillingOS process: /,
    ],
    ['a file is in the way', { BILLINGOS_DATA_DIR: fileInTheWay }, /^The data directory \S+ cannot be used: E/],
    ['the master key is damaged', { BILLINGOS_DATA_DIR: withDamagedMasterKey }, /master-key is damaged: restore it, /],
    [
      'the master key is another one',
      { DATABASE_URL: withOtherMasterKey, BILLINGOS_MASTER_KEY: masterKey },
      /^The signing keys do not open with this BILLINGOS_MASTER_KEY: /,
    ],
    [
      'the database does not exist',
      {
        DATABASE_URL: async () => urlOf({ ...(await createDatabase()), database: 'nowhere' }),
        BILLINGOS_MASTER_KEY: masterKey,
      },
      /^The database cannot be reached: database "nowhere" does not exist$/m,
    ],
    [
      'DATABASE_URL comes without a master key',
      { DATABASE_URL: 'postgres://localhost/db' },
      /BILLINGOS_MASTER_KEY must be set with DATABASE_URL/,
    ],
  ])(
    'when %s',
    async (_when, variables, line) => {
      const complaint = await failureOf(variables);
      expect(complaint).toMatch(line);
      expect(complaint).not.toContain('hunter2');
    },
    60_000,
  );

  test('and names every problem of the configuration, without the values', { timeout: 60_000 }, async () => {
    const complaint = await failureOf({
      PORT: '70000',
      PUBLIC_URL: 'http://billing.example.com',
      DATABASE_URL: 'mysql://user:hunter2@localhost/db',
      BILLINGOS_MASTER_KEY: 'hunter2',
      BILLINGOS_ALLOWED_ORIGINS: 'https://shop.example/path',
      BILLINGOS_TRUSTED_PROXIES: 'everybody',
      BILLINGOS_RATE_LIMIT: '-1',
      LOG_LEVEL: 'loud',
    });
    for (const name of [
      'PORT',
      'PUBLIC_URL',
      'DATABASE_URL',
      'BILLINGOS_MASTER_KEY',
      'BILLINGOS_ALLOWED_ORIGINS',
      'BILLINGOS_TRUSTED_PROXIES',
      'BILLINGOS_RATE_LIMIT',
      'LOG_LEVEL',
    ])
      expect(complaint).toContain(`${name} must `);
    expect(complaint).not.toContain('hunter2');
  });
});
