import { gzipSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import { expect, test } from 'vitest';

const largestBytes = 15_000;

/** What a merchant's own build makes of it, without React. */
async function bundle(entry: string): Promise<string> {
  const nodeEnvironment = process.env['NODE_ENV'];
  // vitest sets NODE_ENV to "test", which would bundle the development halves of the libraries.
  process.env['NODE_ENV'] = 'production';
  const output = await build({
    configFile: false,
    logLevel: 'silent',
    mode: 'production',
    build: {
      write: false,
      minify: true,
      lib: { entry, formats: ['es'] },
      rolldownOptions: { external: [/^react(\/|$)/] },
    },
  }).finally(() => {
    process.env['NODE_ENV'] = nodeEnvironment;
  });
  const [{ output: chunks } = { output: [] }] = output as Rolldown.RolldownOutput[];
  return chunks.map((chunk) => (chunk.type === 'chunk' ? chunk.code : '')).join('\n');
}

const react = bundle('client/react/index.ts');

test('provider, session and urql client fit into 15,000 bytes of gzip', async () => {
  const bytes = gzipSync(await react, { level: 9 }).byteLength;
  expect(bytes).toBeGreaterThan(5_000);
  expect(bytes).toBeLessThanOrEqual(largestBytes);
});

test('no operation of a secret key reaches the browser', async () => {
  const code = await react;
  for (const operation of [
    'createSession',
    'revokeSession',
    'revokeSessions',
    'introspectSession',
    'MerchantSession',
  ]) {
    expect(code).not.toContain(operation);
  }
});

test('nothing of the server or the schema reaches the browser', async () => {
  expect(await react).not.toMatch(/INVALID_INPUT|node:|process\.env/);
});
