import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { BillingOS } from '../../client/node.ts';
import type { CustomerRecord, ImportRecord } from '../../schema/context.ts';
import { openDatabase } from '../../server/database/database.ts';
import { attachEmbedded } from '../../server/database/embedded.ts';
import { billingos, clusterDirectory, type Environment, type ServerProcess, startServer } from '../support/process.ts';
import { generateAccount } from '../support/stripe-account.ts';
import { createStripeServer } from '../support/stripe-server.ts';

/** More of them with IMPORT_KILLS=20. */
const kills = Number(process.env['IMPORT_KILLS'] ?? 2);
const secretKey = 'sk_test_51Import0123456789';
const account = generateAccount({ products: 3, prices: 4, customers: 130, subscriptions: 20 });

let data: Awaited<ReturnType<typeof clusterDirectory>>;
let env: Environment;
let server: ServerProcess;

beforeAll(async () => {
  data = await clusterDirectory();
  env = { BILLINGOS_DATA_DIR: data.path, BILLINGOS_RATE_LIMIT: '0' };
  server = await startServer(env);
});
afterAll(async () => {
  await server.stop();
  await data.remove();
});

type Report = ImportRecord & { readonly buckets: readonly { readonly reason: string; readonly count: number }[] };

const command = (commandLine: string, more: Environment = {}) => billingos(commandLine.split(' '), { ...env, ...more });

async function report(commandLine: string, more: Environment = {}): Promise<Report> {
  const { stdout, stderr } = await command(`${commandLine} --json`, more);
  expect(stdout, stderr).toMatch(/^\{/);
  return JSON.parse(stdout) as Report;
}

test('import stripe mirrors the account, after a dry run that says so and writes nothing', async () => {
  const { apiBase } = await createStripeServer({ account, keys: { [secretKey]: 'all' } });
  const stripe = { STRIPE_API_BASE: apiBase, STRIPE_SECRET_KEY: secretKey };
  const dry = await report('import stripe --dry-run', stripe);
  expect(dry).toMatchObject({ status: 'done', mode: 'dry', counts: { customer: { created: 130, unusable: 0 } } });
  expect(JSON.parse((await command('customers list --json')).stdout)).toEqual([]);

  const real = await report('import stripe', stripe);
  expect(real.counts).toEqual(dry.counts);
  expect(real.buckets).toContainEqual({ reason: 'AWAITS_SESSION', count: expect.any(Number) });
  const again = await report('import stripe', stripe);
  expect(again.counts.customer).toEqual({ created: 0, changed: 0, same: 130, unusable: 0 });

  const { stdout, stderr, exitCode } = await command('import stripe', stripe);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/customers +0 +0 +130 +0/);
  expect(stdout).toContain('PENDING: the first session with its address binds it');
  expect(stderr).toMatch(/[\d,]+ rows {2}[\d,]+\/s/);
  expect(`${stdout}${stderr}`).not.toContain(secretKey);
});

test.each([
  ['without a key', {}, /STRIPE_SECRET_KEY/],
  ['with a key of the other mode', { STRIPE_SECRET_KEY: 'sk_live_51Import0123456789' }, /live/],
  ['with something that is no key', { STRIPE_SECRET_KEY: 'hello' }, /not a secret or restricted key/],
])('import stripe %s ends before anything is asked', async (_how, key, message) => {
  const { apiBase, requests } = await createStripeServer({ account, keys: { [secretKey]: 'all' } });
  const { exitCode, stderr } = await command('import stripe', { STRIPE_API_BASE: apiBase, ...key });
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(message);
  expect(requests).toEqual([]);
});

test('import stripe with a key that lacks a right says which, and keeps what it has', async () => {
  const { apiBase } = await createStripeServer({ account, keys: { rk_test_51Some0123456789: ['products', 'prices'] } });
  const { exitCode, stdout } = await command('import stripe', {
    STRIPE_API_BASE: apiBase,
    STRIPE_SECRET_KEY: 'rk_test_51Some0123456789',
  });
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/The import stopped: .*customer/);
  expect(stdout).toMatch(/products +0 +0 +3 +0/);
});

test('products are named in a file that the merchant edits', async () => {
  const { apiBase } = await createStripeServer({ account, keys: { sk_live_51Import0123456789: 'all' } });
  const stripe = { STRIPE_API_BASE: apiBase, STRIPE_SECRET_KEY: 'sk_live_51Import0123456789' };
  const path = join(data.path, 'products.json');
  const { stdout } = await command(`import stripe --environment live --write-products ${path}`, stripe);
  expect(stdout).toContain('names 3 products, 3 of them new');
  const [[first]] = Object.entries(JSON.parse(await readFile(path, 'utf8')) as object) as [[string, string]];
  await writeFile(path, JSON.stringify({ [first]: 'basic' }));
  const { counts, problems } = await report(`import stripe --environment live --products ${path}`, stripe);
  expect(counts.product).toMatchObject({ created: 1, unusable: 2 });
  expect(problems[0]?.reason).toBe('no key is given for this product');

  await writeFile(path, '{ "prod_1": "two words" }');
  const wrong = await command(`import stripe --environment live --products ${path}`, stripe);
  expect(wrong).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('the key of prod_1 must be') });
});

test('a connected account is imported through the API, with progress', async () => {
  const { apiBase } = await createStripeServer({ account, keys: { [secretKey]: 'all' } });
  const own = await clusterDirectory();
  const ownEnv = { BILLINGOS_DATA_DIR: own.path, STRIPE_API_BASE: apiBase };
  const ownServer = await startServer(ownEnv);
  const apiKey = /sk_test_\w+/.exec(ownServer.stdout())?.[0] ?? '';
  const ask = async (query: string) => {
    const response = await fetch(`${ownServer.url}/sandbox/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` },
      body: JSON.stringify({ query }),
    });
    return response.json() as Promise<{
      data?: Record<string, Record<string, unknown>>;
      errors?: { extensions: { code: string } }[];
    }>;
  };
  try {
    const start = 'mutation { startImport(mode: REAL) { id status } }';
    expect((await ask(start)).errors?.[0]?.extensions.code).toBe('CONFLICT');
    const connected = await billingos(['stripe', 'connect'], { ...ownEnv, STRIPE_SECRET_KEY: secretKey });
    expect(connected.stdout).toMatch(/\/sandbox\/webhooks\/stripe\/mer_/);
    const begun = (await ask(start)).data?.['startImport'];
    expect(begun).toMatchObject({ status: 'RUNNING' });
    const query = `{ import(id: "${String(begun?.['id'])}") { status failure counts { customers { created } } } }`;
    await vi.waitFor(
      async () =>
        expect((await ask(query)).data?.['import']).toEqual({
          status: 'DONE',
          failure: null,
          counts: { customers: { created: 130 } },
        }),
      { timeout: 20_000 },
    );
  } finally {
    await ownServer.stop();
    await own.remove();
  }
});

test('rows of a file that cannot be used are named by their line, and the others are imported', async () => {
  const path = join(data.path, 'broken.csv');
  await writeFile(
    path,
    'id,Email\ncus_f1,f1@x.com\nnonsense,x@x.com\ncus_f2,"f2"@x.com\ncus_f1,twice@x.com\ncus_f3,f3@x.com\n',
  );
  const { stdout, exitCode } = await command(`import file ${path}`);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/customers +2 +0 +0 +3/);
  expect(stdout).toMatch(/line 3 /);
  expect(stdout).toMatch(/line 4 /);
  expect(stdout).toMatch(/cus_f1 +the same id came before/);
});

/** Runs the import and kills it when it has shown its first progress, a random while later. */
async function killHalfWay(path: string): Promise<void> {
  const child = spawn(process.execPath, ['dist/server/cli/main.js', 'import', 'file', path], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
  });
  child.stderr.once('data', () => setTimeout(() => child.kill('SIGKILL'), Math.random() * 300));
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
}

test('an import that is killed half-way, again and again, ends as if it had not been', async () => {
  const path = join(data.path, 'many.csv');
  const rows = Array.from({ length: 30_000 }, (_row, index) => `cus_k${index},"User, ${index}",k${index}@x.com`);
  await writeFile(path, `id,Name,Email\n${rows.join('\n')}\n`);
  for (let kill = 0; kill < kills; kill += 1) await killHalfWay(path);
  const finished = await report(`import file ${path}`);
  expect(finished).toMatchObject({ status: 'done', problems: [] });
  const { created, changed, same, unusable } = finished.counts.customer;
  expect({ rows: created + changed + same, changed, unusable }).toEqual({ rows: 30_000, changed: 0, unusable: 0 });
  const last = await command('customers list --limit 3 --json --email k29999@x.com');
  expect(JSON.parse(last.stdout) as CustomerRecord[]).toMatchObject([
    { stripeCustomerId: 'cus_k29999', name: 'User, 29999' },
  ]);
  const again = await report(`import file ${path}`);
  expect(again.counts.customer).toEqual({ created: 0, changed: 0, same: 30_000, unusable: 0 });
}, 600_000);

test('commands show and bind what sessions could not', async () => {
  const { stdout } = await command('customers unresolved --bucket PENDING --limit 1 --json');
  const [{ customer }] = JSON.parse(stdout) as [{ customer: CustomerRecord }];
  expect((await command(`customers bind ${customer.id} --user ada`)).exitCode).toBe(0);
  expect((await command(`customers bind ${customer.id} --user bob`)).stderr).toContain('bound already');
  const shown = await command(`customers show ${customer.id}`);
  expect(shown.stdout).toMatch(/BOUND_BY_HAND +ada/);
  const apiKey = /sk_test_\w+/.exec(server.stdout())?.[0] ?? '';
  const billing = new BillingOS({ secretKey: apiKey, url: server.url, maxRetries: 0 });
  const session = await billing.createSessionToken({ externalUserId: 'ada', email: 'whatever@x.com' });
  expect(session).toMatchObject({ bindOutcome: 'ALREADY_BOUND', customer: { id: customer.id } });
  expect((await command(`customers delete ${customer.id}`)).exitCode).toBe(0);
  expect((await command(`customers show ${customer.id}`)).stderr).toContain('not found');
});

test('whether an address must be verified is the merchant’s to say', async () => {
  expect((await command('merchant --require-verified-email on')).stdout).toMatch(/requiresVerifiedEmail +true/);
  expect((await command('merchant --require-verified-email off')).stdout).toMatch(/requiresVerifiedEmail +false/);
  expect((await command('merchant')).stdout).toMatch(/requiresVerifiedEmail +false/);
  expect((await command('merchant --require-verified-email maybe')).exitCode).toBe(1);
});

test('a command that fails through our own fault shows no address of anybody', async () => {
  const path = join(data.path, 'fault.csv');
  await writeFile(path, 'id,Email\ncus_fault,somebody@example.com\n');
  const { connection } = await attachEmbedded({ dataDirectory: data.path, durability: 'durable' });
  const database = await openDatabase({ connection, applicationName: 'test' });
  await database.db.execute(sql`alter table customers rename column name to gone`);
  try {
    const { exitCode, stdout, stderr } = await command(`import file ${path}`);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('the command failed');
    expect(`${stdout}${stderr}`).not.toContain('somebody');
  } finally {
    await database.db.execute(sql`alter table customers rename column gone to name`);
    await database.close();
  }
});
