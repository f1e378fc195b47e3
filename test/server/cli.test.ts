import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BillingOS } from '../../client/node.ts';
import type { SessionRecord } from '../../schema/context.ts';
import type { SecretKeyRecord } from '../../server/secret-keys.ts';
import type { SigningKeyRecord } from '../../server/token/signing-keys.ts';
import { openToken } from '../support/forge.ts';
import {
  billingos,
  clusterDirectory,
  dataDirectory,
  type Environment,
  type ServerProcess,
  startServer,
} from '../support/process.ts';

type ListedKey = SecretKeyRecord & { readonly secretKey?: string };

let data: Awaited<ReturnType<typeof clusterDirectory>>;
let env: Environment;
let server: ServerProcess;
let firstKey: string;

beforeAll(async () => {
  data = await clusterDirectory();
  env = { BILLINGOS_DATA_DIR: data.path };
  server = await startServer(env);
  firstKey = /sk_test_\w+/.exec(server.stdout())?.[0] ?? '';
});
afterAll(async () => {
  await server.stop();
  await data.remove();
});

/** Runs a command that must succeed, and reads its JSON. */
async function json<Result>(commandLine: string, input?: string): Promise<Result> {
  const { exitCode, stdout, stderr } = await billingos([...commandLine.split(' '), '--json'], env, input);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return JSON.parse(stdout) as Result;
}

const sdk = (secretKey: string) => new BillingOS({ secretKey, url: server.url, maxRetries: 0 });

/** Whether the running server accepts a key. */
const isAccepted = (secretKey: string) =>
  sdk(secretKey)
    .session('none')
    .then(
      () => true,
      (error: { code?: string }) => (error.code === 'UNAUTHENTICATED' ? false : Promise.reject(new Error(error.code))),
    );

describe('beside a running server', () => {
  test('keys create makes a key that works there, and shows it once', async () => {
    const { secretKey = '', ...record } = await json<ListedKey>('keys create --name Shop');
    expect(record).toMatchObject({ name: 'Shop', environment: 'test', lastFour: secretKey.slice(-4), endsAt: null });
    expect(await isAccepted(secretKey)).toBe(true);

    const { stdout } = await billingos(['keys', 'list'], env);
    expect(stdout).toContain(`sk_test_…${secretKey.slice(-4)}`);
    expect(stdout).not.toContain(secretKey);
    expect(await json<ListedKey[]>('keys list')).toContainEqual(record);
    expect((await json<ListedKey[]>('keys list --environment live')).map(({ id }) => id)).not.toContain(record.id);
  });

  test('a key is found by its id in whichever environment it is', async () => {
    const live = await json<ListedKey>('keys create --name Production --environment live');
    const listed = await json<ListedKey[]>('keys list');
    expect(listed.map(({ id, environment }) => [id, environment])).toContainEqual([live.id, 'live']);

    const [revoked] = await json<ListedKey[]>(`keys revoke ${live.id}`);
    expect(revoked).toMatchObject({ id: live.id, environment: 'live' });
    expect(revoked?.endsAt).not.toBeNull();
  });

  test('keys roll makes a key in place of another one, which ends after the overlap', async () => {
    const old = await json<ListedKey>('keys create --name Shop');
    const rolledAt = Date.now();
    const { secretKey = '', name } = await json<ListedKey>(`keys roll ${old.id} --expires-in 24h`);

    expect(name).toBe('Shop');
    expect([await isAccepted(old.secretKey ?? ''), await isAccepted(secretKey)]).toEqual([true, true]);
    const ending = (await json<ListedKey[]>('keys list')).find(({ id }) => id === old.id);
    const endsInMs = new Date(ending?.endsAt ?? 0).getTime() - rolledAt;
    expect(endsInMs).toBeGreaterThanOrEqual(86_400_000);
    expect(endsInMs).toBeLessThan(86_460_000);

    const again = await billingos(['keys', 'roll', old.id], env);
    expect(again).toMatchObject({ exitCode: 1, stderr: 'This key was rolled or revoked already.\n' });
  });

  test('keys revoke ends a key and its sessions there within a second', async () => {
    const { id, secretKey = '' } = await json<ListedKey>('keys create');
    const { sessionToken } = await sdk(secretKey).createSessionToken({ externalUserId: 'ada' });
    const [revoked] = await json<ListedKey[]>(`keys revoke ${id}`);
    const revokedAt = performance.now();

    expect(revoked?.endsAt).toEqual(expect.any(String));
    await expect.poll(() => isAccepted(secretKey), { interval: 50, timeout: 5_000 }).toBe(false);
    await expect
      .poll(async () => (await sdk(firstKey).introspectSession(sessionToken)).active, { interval: 50, timeout: 5_000 })
      .toBe(false);
    // Half a second for the machine that runs this.
    expect(performance.now() - revokedAt).toBeLessThan(1_500);
  });

  test('keys revoke --keep-sessions leaves the sessions', async () => {
    const { id, secretKey = '' } = await json<ListedKey>('keys create');
    const { sessionToken } = await sdk(secretKey).createSessionToken({ externalUserId: 'ada' });
    await json(`keys revoke ${id} --keep-sessions`);

    await expect.poll(() => isAccepted(secretKey), { timeout: 5_000 }).toBe(false);
    expect(await json(`sessions inspect -`, sessionToken)).toMatchObject({ status: 'active' });
  });

  test('sessions list shows what there is, and sessions revoke ends one there', async () => {
    const { id, secretKey = '' } = await json<ListedKey>('keys create');
    const { sessionToken, session } = await sdk(secretKey).createSessionToken({
      externalUserId: 'bob',
      email: 'bob@example.com',
    });
    const [listed] = await json<SessionRecord[]>(`sessions list --key ${id} --active --limit 5`);
    expect(listed).toMatchObject({ id: session.id, status: 'active', externalUserId: 'bob', lastUsedAt: null });

    expect(await json(`sessions revoke ${session.id}`)).toMatchObject([{ id: session.id, status: 'revoked' }]);
    await expect
      .poll(async () => (await sdk(secretKey).introspectSession(sessionToken)).active, { timeout: 5_000 })
      .toBe(false);
    expect(await json(`sessions list --key ${id} --active`)).toEqual([]);
    expect(await json(`sessions inspect ${session.id}`)).toMatchObject({ id: session.id, status: 'revoked' });
    expect(await json('sessions inspect -', sessionToken)).toEqual({ status: 'refused', reason: 'TOKEN_REVOKED' });
  });

  test('what is printed for people has the same in columns', async () => {
    const { session } = await sdk(firstKey).createSessionToken({ externalUserId: 'carol' });
    const { stdout } = await billingos(['sessions', 'list', '--customer', session.customer.id], env);
    const [head, line] = stdout.split('\n');
    expect(head?.split(/ {2,}/)).toEqual([
      'ID',
      'ENVIRONMENT',
      'STATUS',
      'CUSTOMER',
      'USER',
      'CREATED',
      'EXPIRES',
      'LAST USED',
    ]);
    expect(line?.split(/ {2,}/).slice(0, 5)).toEqual([session.id, 'test', 'active', session.customer.id, 'carol']);
  });
});

describe('signing keys beside a running server', () => {
  test(
    'rotate makes the next key of each environment, and drop ends what the old one signed within a second',
    { timeout: 60_000 },
    async () => {
      const { sessionToken } = await sdk(firstKey).createSessionToken({ externalUserId: 'dan' });
      const kid = String(openToken(sessionToken).header['kid']);
      const rotated = await json<SigningKeyRecord[]>('signing-keys rotate');
      expect(rotated.map(({ environment, state }) => `${environment} ${state}`).toSorted()).toEqual([
        'live active',
        'live next',
        'test active',
        'test next',
      ]);
      const isActive = async () => (await sdk(firstKey).introspectSession(sessionToken)).active;
      expect(await isActive()).toBe(true);

      const { stdout } = await billingos(['signing-keys', 'drop', kid], env);
      const droppedAt = performance.now();
      const [head, next, dropped] = stdout.split('\n').map((line) => line.split(/ {2,}/));
      expect(head).toEqual(['KID', 'ENVIRONMENT', 'STATE', 'CREATED', 'SIGNS FROM', 'RETIRES', 'GONE']);
      expect([next?.slice(1, 3), dropped?.slice(0, 3)]).toEqual([
        ['test', 'active'],
        [kid, 'test', 'gone'],
      ]);
      await expect.poll(isActive, { interval: 50, timeout: 5_000 }).toBe(false);
      // Half a second for the machine that runs this.
      expect(performance.now() - droppedAt).toBeLessThan(1_500);
      const replaced = await sdk(firstKey).createSessionToken({ externalUserId: 'dan' });
      expect(openToken(replaced.sessionToken).header['kid']).toBe(next?.[0]);
    },
  );
});

describe('what cannot be done is said in one line, and exits with 1', () => {
  test.concurrent.each([
    ['keys revoke key_00000000000000000000000000', 'Secret key not found.'],
    ['keys roll key_00000000000000000000000000 --json', 'Secret key not found.'],
    ['keys revoke Shop', 'A key is named by its id: key_… (see billingos keys list).'],
    [
      'keys roll key_00000000000000000000000000 --expires-in tomorrow',
      'A duration is a number and a unit: 30s, 15m, 24h, 7d.',
    ],
    ['signing-keys drop none', 'Signing key not found.'],
    ['keys list --environment production', '--environment must be test or live.'],
    ['keys create --merchant mer_00000000000000000000000000', 'There is no such merchant.'],
    ['sessions revoke ses_00000000000000000000000000', 'Session not found.'],
    ['sessions inspect ses_00000000000000000000000000', 'Session not found.'],
    ['sessions inspect none --json', 'Session not found.'],
    ['sessions list --limit 0', '--limit must be 1 to 999.'],
    ['sessions inspect -', 'This is not a session token: it begins with neither prefix.'],
  ])(
    '%s',
    async (commandLine, line) => {
      const outcome = await billingos(commandLine.split(' '), env, 'not a token');
      expect(outcome).toEqual({ exitCode: 1, stdout: '', stderr: `${line}\n` });
    },
    60_000,
  );

  test.concurrent.each(['fly', 'keys', 'keys revoke', 'keys list --colour'])(
    '%s, which is no command, with the help after it',
    async (commandLine) => {
      const { exitCode, stdout, stderr } = await billingos(commandLine.split(' '), env);
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
      expect(stderr).toContain('Usage: billingos');
      expect(stderr).not.toContain('    at ');
    },
    60_000,
  );
});

describe('without a server', () => {
  beforeAll(() => server.stop());

  test('commands open the database themselves, and leave it to the next server', { timeout: 60_000 }, async () => {
    const { id, secretKey = '' } = await json<ListedKey>('keys create --name Alone');
    expect(await json<ListedKey[]>('keys list')).toContainEqual(expect.objectContaining({ id, name: 'Alone' }));

    server = await startServer(env);
    expect(await isAccepted(secretKey)).toBe(true);
  });
});

test('a command where no database is says so, and makes none', async () => {
  const empty = await dataDirectory();
  const { exitCode, stderr } = await billingos(['keys', 'list'], { BILLINGOS_DATA_DIR: empty.path });

  expect(exitCode).toBe(1);
  expect(stderr).toMatch(
    /^There is no database in .*: start the server there first, or set BILLINGOS_DATA_DIR or DATABASE_URL\.\n$/,
  );
  expect(await readdir(empty.path)).toEqual([]);
  await empty.remove();
});

// At the end: what graphql was when it was loaded. Otherwise it says so when it meets another copy's type.
const tellMode = `
  import { createRequire } from 'node:module';
  process.on('exit', () => {
    const { isObjectType } = createRequire(process.cwd() + '/')('graphql');
    try {
      isObjectType({ [Symbol.toStringTag]: 'GraphQLObjectType' });
      console.log('production');
    } catch {
      console.log('development');
    }
  });`;

test.each([
  ['production, where nothing is said', 'production', {}],
  ['what NODE_ENV says', 'development', { NODE_ENV: 'staging' }],
])('it runs as %s', async (_what, mode, given) => {
  const tell = `data:text/javascript,${encodeURIComponent(tellMode)}`;
  const { stdout } = await billingos(['--version'], { ...given, NODE_OPTIONS: `--import=${tell}` });
  expect(stdout.trim().split('\n').at(-1)).toBe(mode);
});

test('the version is that of the package', async () => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  expect((await billingos(['--version'], {})).stdout).toBe(`${version}\n`);
});
