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

/** What each component may weigh at most, in bytes of gzip without React and what every page carries anyway. */
const mostComponentBytes = {
  'pricing-table': 12_000,
  'customer-portal': 14_500,
  'checkout-button': 3_000,
  'feature-gate': 6_500,
  'usage-meter': 8_500,
};

test.each(Object.entries(mostComponentBytes))('%s alone fits into %i bytes of gzip', async (name, most) => {
  const bytes = gzipSync(await component(name), { level: 9 }).byteLength;
  expect(bytes).toBeGreaterThan(most / 2);
  expect(bytes).toBeLessThanOrEqual(most);
});

test('whoever imports the provider alone loads no component', async () => {
  expect(await page).not.toContain('bos-');
});

test('no component loads the texts of another', async () => {
  const pricing = 'There are no plans yet.';
  const portal = 'There are no invoices yet.';
  const meter = 'Starts again {date}';
  expect(await component('pricing-table')).toContain(pricing);
  expect(await component('pricing-table')).not.toMatch(new RegExp(`${portal}|${meter}`));
  expect(await component('customer-portal')).toContain(portal);
  expect(await component('customer-portal')).not.toContain(pricing);
  expect(await component('usage-meter')).toContain(meter);
  expect(await component('usage-meter')).not.toMatch(new RegExp(`${pricing}|${portal}`));
  expect(await component('checkout-button')).not.toMatch(new RegExp(`${pricing}|${portal}|${meter}`));
  expect(await component('feature-gate')).not.toContain('bos-');
});

test('no operation of a secret key reaches the browser', async () => {
  expect(await everything).toContain('Viewer');
  expect(await everything).not.toMatch(/createSession|revokeSession|introspectSession|MerchantSession/i);
  expect(await everything).not.toMatch(/ApplyCatalog|RecordUsage|AdvanceTestClock|MerchantProducts|CustomerBilling/i);
});

test('nothing of the server reaches the browser', async () => {
  expect(await everything).not.toMatch(/INVALID_INPUT|["'`]node:/);
});

const component = (name: string) => bundle(`client/react/components/${name}.tsx`);

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
