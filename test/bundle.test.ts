import { gzipSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import { expect, test } from 'vitest';

const mostBytes = 15_000;
const mostCoreBytes = 2_500;

const page = bundle('test/client/support/browser-entry.ts');
const everything = bundle('client/react/index.ts');

test('provider, session core and urql client fit into 15,000 bytes of gzip without React', async () => {
  const bytes = gzipSync(await page, { level: 9 }).byteLength;
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThanOrEqual(mostBytes);
});

test('the session core alone fits into 2,500 bytes of gzip: its host, source and reader are handed in', async () => {
  const bytes = gzipSync(await bundle('client/session/session.ts'), { level: 9 }).byteLength;
  expect(bytes).toBeGreaterThan(1_500);
  expect(bytes).toBeLessThanOrEqual(mostCoreBytes);
});

test('no operation of a secret key reaches the browser', async () => {
  expect(await everything).toContain('Viewer');
  expect(await everything).not.toMatch(/createSession|revokeSession|introspectSession|MerchantSession/i);
});

test('nothing of the server reaches the browser', async () => {
  expect(await everything).not.toMatch(/INVALID_INPUT|node:/);
});

/** What a merchant's production build makes of an entry. */
async function bundle(entry: string): Promise<string> {
  // vitest sets NODE_ENV to "test", which would bundle the development halves of the libraries.
  process.env['NODE_ENV'] = 'production';
  const { output } = (await build({
    configFile: false,
    logLevel: 'silent',
    mode: 'production',
    build: {
      write: false,
      modulePreload: false,
      rolldownOptions: { input: entry, preserveEntrySignatures: 'strict', external: [/^react(\/|$)/] },
    },
  })) as Rolldown.RolldownOutput;
  return output.map((chunk) => (chunk.type === 'chunk' ? chunk.code : '')).join('\n');
}
