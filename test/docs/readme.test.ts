import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { Kind, parse, validate } from 'graphql';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { BillingOS } from '../../client/node.ts';
import { schema } from '../../schema/index.ts';
import { callerRuleOf } from '../../schema/operation.ts';
import { openToken } from '../support/forge.ts';
import { createHarness, type Harness } from '../support/harness.ts';
import { type Block, blocksOf, documents, read, root } from '../support/markdown.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { generateAccount } from '../support/stripe-account.ts';
import { createStripeServer } from '../support/stripe-server.ts';

const runFile = promisify(execFile);
const blocks = documents.flatMap(blocksOf);
const blocksIn = (...languages: string[]) => blocks.filter(({ language }) => languages.includes(language));
const byPlace = (chosen: readonly Block[]) => chosen.map((block) => [block.place, block] as const);

test('every block is in a language that is tried here, or is plain text', () => {
  const tried = new Set(['ts', 'tsx', 'graphql', 'sh', 'json', 'text']);
  expect(blocks.filter(({ language }) => !tried.has(language)).map(({ place }) => place)).toEqual([]);
  expect(new Set(blocks.map(({ language }) => language))).toEqual(tried);
});

test('every ts and tsx block compiles strictly against the built package', async () => {
  const directory = await scratchDirectory();
  await writeFile(
    join(directory, 'tsconfig.json'),
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      // Each block is a module of its own: a reader may copy any of them alone.
      compilerOptions: { moduleDetection: 'force' },
      include: ['.'],
      exclude: [],
    }),
  );
  const written = blocksIn('ts', 'tsx').map(({ place, language, code }) =>
    writeFile(join(directory, `${place.replaceAll(/[/:]/g, '_')}.${language}`), code),
  );
  await Promise.all(written);
  const { stdout } = await runFile(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'], {
    cwd: directory,
  }).catch((error: { stdout: string }) => error);
  expect(stdout).toBe('');
}, 120_000);

/** Inside the project, so that `billingos/…` means the package itself; in `dist`, which everything else leaves alone. */
async function scratchDirectory(): Promise<string> {
  const directory = await mkdtemp(join(root, 'dist/docs-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

test.each(byPlace(blocksIn('json')))('the JSON in %s is valid', (_place, { code }) => {
  expect(() => JSON.parse(code) as unknown).not.toThrow();
});

describe('an operation is valid and succeeds', () => {
  let harness: Harness;
  let tokens: Readonly<Record<'merchant' | 'customer', string>>;
  beforeAll(async () => {
    harness = await createHarness();
    const { billingos, secretKey } = harness.merchant;
    const user = await billingos.createSessionToken({ externalUserId: 'user_1' });
    await billingos.createSessionToken({ externalUserId: 'user_1', externalOrganizationId: 'org_1' });
    tokens = { merchant: secretKey, customer: user.sessionToken };
  });
  afterAll(() => harness.stop());

  test.each(byPlace(blocksIn('graphql')))('%s', async (_place, { code, nextJson }) => {
    expect(validate(schema, parse(code))).toEqual([]);
    const variables = nextJson === undefined ? undefined : (JSON.parse(nextJson) as object);
    const { errors, data } = await harness.graphql(tokens[callerOf(code)], code, variables);
    expect(errors).toEqual([]);
    expect(data).toBeTruthy();
  });
});

/** Who may call the first field of an operation. */
function callerOf(document: string): 'merchant' | 'customer' {
  const [operation] = parse(document).definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('the block begins with something else');
  const [first] = operation.selectionSet.selections;
  const name = first?.kind === Kind.FIELD ? first.name.value : '';
  const field = schema.getRootType(operation.operation)?.getFields()[name];
  return field && callerRuleOf(field)?.merchant ? 'merchant' : 'customer';
}

const installs = ({ code }: Block) => code.includes('npm ci');

test('the two commands are there and nowhere else, and their scripts exist', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const found = blocksIn('sh').filter(installs);
  expect(found.map(({ code }) => code)).toEqual(['npm ci && npm start\n', 'npm ci && npm test\n']);
  expect(scripts).toMatchObject({ start: expect.any(String), test: expect.any(String) });
});

describe('a command succeeds beside a running server', () => {
  let server: ServerProcess;
  let commands: string;
  let keyId: string;
  let liveKey: string;
  beforeAll(async () => {
    [server, commands] = await Promise.all([startServerProcess(), installCommands()]);
    const created = await sh(`${billingos} keys create --name 'Another "key"' --json`, npmItself);
    keyId = (JSON.parse(created) as { id: string }).id;
    const live = await sh(`${billingos} keys create --environment live --json`);
    liveKey = (JSON.parse(live) as { secretKey: string }).secretKey;
  });
  afterAll(async () => {
    await server.stop();
    await rm(commands, { recursive: true, force: true });
  });

  async function sh(code: string, variables: Record<string, string> = {}): Promise<string> {
    const path = `${commands}${delimiter}${process.env['PATH'] ?? ''}`;
    const { stdout } = await runFile('sh', ['-e', '-c', code], {
      cwd: root,
      env: { ...server.env, PATH: path, BILLINGOS_SECRET_KEY: server.secretKey, ...variables },
    });
    return stdout;
  }

  test('npm itself passes on the words and the input of a command as the stand-in for it does', async () => {
    expect(await sh(`${billingos} keys list`)).toContain('Another "key"');
    const { sessionToken } = await sdkOf(server).createSessionToken({ externalUserId: 'user_1' });
    const code = `printf '%s' "$SESSION_TOKEN" | ${billingos} sessions inspect - --json`;
    const answers = [{}, npmItself].map((path) => sh(code, { SESSION_TOKEN: sessionToken, ...path }));
    const [byTheStandIn, byNpm = ''] = await Promise.all(answers);
    expect(JSON.parse(byNpm)).toMatchObject({ status: 'active' });
    expect(byTheStandIn).toBe(byNpm);
  });

  test.each(byPlace(blocksIn('sh').filter((block) => !installs(block))))(
    '%s',
    async (_place, { code }) => {
      const { port, dataDirectory } = server;
      const { sessionToken, session } = await sdkOf(server).createSessionToken({ externalUserId: 'user_1' });
      const here = code.replaceAll('localhost:4000', `localhost:${port}`).replaceAll('$PWD/data', dataDirectory);
      const stripeKey = 'sk_test_51Documents';
      const { apiBase } = await createStripeServer({
        account: generateAccount({ products: 2, prices: 2, customers: 5, subscriptions: 2 }),
        keys: { [stripeKey]: 'all' },
      });
      const said = await sh(here, {
        SESSION_TOKEN: sessionToken,
        SESSION_ID: session.id,
        KEY_ID: keyId,
        BILLINGOS_LIVE_KEY: liveKey,
        KID: String(openToken(sessionToken).header['kid']),
        STRIPE_API_BASE: apiBase,
        STRIPE_SECRET_KEY: stripeKey,
        STRIPE_WEBHOOK_SECRET: 'whsec_documents',
      });
      expect(said).not.toBe('');
      expect(said).not.toMatch(/"errors"|refused/);
    },
    120_000,
  );
});

const sdkOf = ({ port, secretKey }: ServerProcess) => new BillingOS({ secretKey, url: `http://localhost:${port}` });

/** How the documents run a command. */
const billingos = 'npm run --silent billingos --';

/** Without our commands in front of it. */
const npmItself = { PATH: process.env['PATH'] ?? '' };

/**
 * A directory for PATH with the commands that a machine may lack, and a stand-in for npm that knows this one script: it
 * runs the build, which starts in a third of the time.
 */
async function installCommands(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'billingos-commands-'));
  const node = `exec "${process.execPath}"`;
  const tsx = (name: string) => `${node} --import tsx "${join(root, `test/support/commands/${name}.ts`)}" "$@"`;
  const npm = `[ "npm $1 $2 $3 $4" = "${billingos}" ] || exit 64\nshift 4\n${node} dist/server/cli/main.js "$@"`;
  for (const [name, script] of Object.entries({ curl: tsx('curl'), psql: tsx('psql'), npm })) {
    await writeFile(join(directory, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(directory, name), 0o755);
  }
  return directory;
}
