import { expect, test } from 'vitest';
import { read } from './support/markdown.ts';

/** What each entry of the package gives at run time. Taking a name away, or adding one, is a decision. */
const names = {
  client: ['BillingOSError', 'billingErrorOf', 'createBillingClient'],
  node: ['BillingOS', 'BillingOSError', 'createSessionHandler', 'expressSessionHandler', 'fastifySessionHandler'],
  react: ['BillingOSError', 'BillingOSProvider', 'billingErrorOf', 'useBillingOS', 'useCustomer', 'useSession'],
  server: ['StartupError', 'createApp', 'createLogger', 'listen', 'openInstallation', 'readConfig', 'serve'],
  testing: ['createWorld'],
  verify: ['BillingOSError', 'createSessionVerifier'],
};

const packageExports = (JSON.parse(read('package.json')) as { exports: Record<string, unknown> }).exports;

test('the package has these entries and no others', () => {
  const entries = Object.keys(names).map((name) => `./${name}`);
  expect(Object.keys(packageExports).toSorted()).toEqual([...entries, './package.json', './schema.graphql'].toSorted());
});

test.each(Object.entries(names))('billingos/%s exports these names and no others', async (entry, expected) => {
  const exported = Object.keys((await import(`billingos/${entry}`)) as object);
  expect(exported.toSorted()).toEqual(expected);
});

test('the schema can be imported as text', () => {
  expect(packageExports['./schema.graphql']).toBe('./schema/schema.graphql');
});
