import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { read, root } from './support/markdown.ts';

/** What each entry of the package gives at run time. Taking a name away, or adding one, is a decision. */
const names = {
  client: ['BillingOSError', 'billingErrorOf', 'createBillingClient'],
  node: ['BillingOS', 'BillingOSError', 'createSessionHandler', 'expressSessionHandler', 'fastifySessionHandler'],
  react: [
    'BillingOSError',
    'BillingOSProvider',
    'CheckoutButton',
    'CustomerPortal',
    'FeatureGate',
    'PricingTable',
    'UsageMeter',
    'billingErrorOf',
    'useBillingOS',
    'useCancellation',
    'useCheckout',
    'useCustomer',
    'useEntitlements',
    'useFeature',
    'useInvoices',
    'usePaymentMethods',
    'usePlanChange',
    'usePortal',
    'useProducts',
    'useRefetchBilling',
    'useSession',
    'useSubscription',
    'useTrackUsage',
    'useUsage',
  ],
  server: ['StartupError', 'createApp', 'createLogger', 'listen', 'openInstallation', 'readConfig', 'serve'],
  testing: ['createWorld'],
  verify: ['BillingOSError', 'createSessionVerifier'],
};

const packageExports = (JSON.parse(read('package.json')) as { exports: Record<string, unknown> }).exports;

test('the package has these entries and no others', () => {
  const entries = Object.keys(names).map((name) => `./${name}`);
  const files = ['./package.json', './schema.graphql', './react/styles.css'];
  expect(Object.keys(packageExports).toSorted()).toEqual([...entries, ...files].toSorted());
});

test.each(Object.entries(names))('billingos/%s exports these names and no others', async (entry, expected) => {
  const exported = Object.keys((await import(`billingos/${entry}`)) as object);
  expect(exported.toSorted()).toEqual(expected);
});

test('the stylesheet of the components can be imported, also by TypeScript', () => {
  const files = Object.values(packageExports['./react/styles.css'] as Record<'types' | 'default', string>);
  expect(files.map((file) => existsSync(`${root}${file}`))).toEqual([true, true]);
});

test('the schema can be imported as text', () => {
  expect(packageExports['./schema.graphql']).toBe('./schema/schema.graphql');
});
