import { afterAll, beforeAll, expect, test } from 'vitest';
import { subscriptionStatuses } from '../../schema/billing.ts';
import { advance, ask, openCustomer } from '../support/billing.ts';
import { apply, smallCatalog } from '../support/catalog.ts';
import {
  createHarness,
  createHarnessForTest,
  createTestClock,
  type Harness,
  type TestMerchant,
} from '../support/harness.ts';
import { importRecords, sourceCustomer, sourcePrice, sourceProduct, sourceSubscription } from '../support/import.ts';

let harness: Harness;
let merchant: TestMerchant;
beforeAll(async () => {
  harness = await createHarness();
  merchant = harness.merchant;
  await apply(harness, merchant, smallCatalog);
});
afterAll(() => harness.stop());

const customerNamed = (externalUserId: string) => openCustomer(harness, externalUserId);

/** How far it is to this moment of the test clock, in seconds. */
const secondsUntil = (moment: string | Date) => Math.ceil((new Date(moment).getTime() - harness.clock.now()) / 1_000);

test('a customer without a subscription has what the default product contains', async () => {
  const customer = await customerNamed('free');
  const { entitlements } = await customer.own(
    '{ viewer { entitlements { feature { key kind } granted amount usage { used } } } }',
  );
  expect(entitlements).toEqual([
    { feature: { key: 'exports', kind: 'QUOTA' }, granted: true, amount: 3, usage: { used: 0 } },
  ]);
});

test('a subscriber has what its product contains, instead of the default one', async () => {
  const other = await harness.newMerchant('No leftovers');
  const given = {
    features: smallCatalog.features,
    products: smallCatalog.products.map((product) =>
      product.key === 'free' ? { ...product, features: [...product.features, { key: 'fonts' }] } : product,
    ),
  };
  await apply(harness, other, given);
  const customer = await openCustomer(harness, 'pro', other);
  expect(await customer.feature('fonts')).toMatchObject({ granted: true });
  await customer.buy('pro-monthly');
  expect(await customer.feature('fonts')).toMatchObject({ granted: false });
  expect(await customer.feature('exports')).toMatchObject({ granted: true, amount: 100 });
  await customer.cancel('NOW');
  expect(await customer.feature('fonts')).toMatchObject({ granted: true });
});

test('a boolean is had or not, a quota counts, a limit has an amount and does not count', async () => {
  const customer = await customerNamed('kinds');
  expect(await customer.feature('watermark-free')).toEqual({ granted: false, amount: null, usage: null });
  expect(await customer.feature('projects')).toEqual({ granted: false, amount: 0, usage: null });
  await customer.buy('pro-monthly');
  expect(await customer.feature('watermark-free')).toEqual({ granted: true, amount: null, usage: null });
  expect(await customer.feature('projects')).toEqual({ granted: true, amount: 10, usage: null });
  expect(await customer.feature('exports')).toMatchObject({
    granted: true,
    amount: 100,
    usage: { used: 0, amount: 100, remaining: 100 },
  });
});

test('what has no amount is as many as one likes', async () => {
  const customer = await customerNamed('unlimited');
  await customer.buy('team-monthly');
  await customer.track('much', { amount: 1_000_000_000, mode: 'CONSUME' });
  expect(await customer.feature('exports')).toMatchObject({
    amount: null,
    usage: { used: 1_000_000_000, amount: null, remaining: null },
  });
  expect(await customer.feature('projects')).toMatchObject({ granted: true, amount: null });
});

test('of several products that contain a feature the most counts', async () => {
  const other = await harness.newMerchant('Several');
  await importRecords(harness, other, [
    ...['1', '2', '3'].flatMap((id) => [sourceProduct(`prod_${id}`), sourcePrice(`price_${id}`, `prod_${id}`)]),
    sourceCustomer('cus_1', 'several@x.com'),
    sourceSubscription('sub_1', 'cus_1', 'price_1'),
    sourceSubscription('sub_2', 'cus_1', 'price_2'),
  ]);
  const containing = (amounts: readonly (number | undefined)[]) => ({
    features: smallCatalog.features,
    products: amounts.map((amount, index) => ({
      key: `p${index}`,
      name: 'P',
      stripeProductId: `prod_${index + 1}`,
      features: [{ key: 'projects', amount }],
      prices: [],
    })),
  });
  const { sessionToken } = await other.billingos.createSessionToken({
    externalUserId: 'several',
    email: 'several@x.com',
  });
  for (const [amounts, most] of [
    [[5, 7, 100], 7],
    [[9, 7, 100], 9],
    [[undefined, 7, 100], null],
    [[0, 0, 100], 0],
  ] as const) {
    await apply(harness, other, containing(amounts));
    const viewer = await ask(
      harness,
      { credential: sessionToken },
      '{ viewer { feature(key: "projects") { granted amount } } }',
    );
    expect(viewer.feature).toEqual({ granted: true, amount: most });
  }
});

test('what was bought once stays, beside a subscription and after it', async () => {
  const customer = await customerNamed('fonts');
  await customer.buy('fonts-once');
  const granted = async () => [(await customer.feature('fonts')).granted, (await customer.feature('exports')).amount];
  expect(await granted()).toEqual([true, 3]);
  await customer.buy('pro-monthly');
  expect(await granted()).toEqual([true, 100]);
  await customer.cancel('NOW');
  expect(await granted()).toEqual([true, 3]);
});

test.each(subscriptionStatuses)('a subscription that is %s grants only while it runs', async (status) => {
  const other = await harness.newMerchant('Statuses');
  await importRecords(harness, other, [
    sourceProduct('prod_1'),
    sourcePrice('price_1', 'prod_1'),
    sourceCustomer('cus_1', 'status@x.com'),
    sourceSubscription('sub_1', 'cus_1', 'price_1', { status }),
  ]);
  await apply(harness, other, {
    features: smallCatalog.features,
    products: [
      { key: 'free', name: 'Free', default: true, features: [{ key: 'fonts' }], prices: [] },
      { key: 'paid', name: 'Paid', stripeProductId: 'prod_1', features: [{ key: 'projects', amount: 1 }], prices: [] },
    ],
  });
  const { sessionToken } = await other.billingos.createSessionToken({ externalUserId: 's', email: 'status@x.com' });
  const { entitlements, subscription } = await ask(
    harness,
    { credential: sessionToken },
    '{ viewer { subscription { status } entitlements { feature { key } } } }',
  );
  expect(subscription.status).toBe(status.toUpperCase());
  const runs = ['trialing', 'active', 'past_due'].includes(status);
  expect(entitlements).toEqual([{ feature: { key: runs ? 'projects' : 'fonts' } }]);
});

test('a subscription whose period is not known is one all the same', async () => {
  const other = await harness.newMerchant('No period');
  await importRecords(harness, other, [
    sourceProduct('prod_1'),
    sourcePrice('price_1', 'prod_1'),
    sourceCustomer('cus_1', 'np@x.com'),
    sourceSubscription('sub_1', 'cus_1', 'price_1', { currentPeriodStart: null }),
  ]);
  await apply(harness, other, {
    features: smallCatalog.features,
    products: [
      { key: 'free', name: 'Free', default: true, features: [{ key: 'fonts' }], prices: [] },
      { key: 'paid', name: 'Paid', stripeProductId: 'prod_1', features: [{ key: 'exports', amount: 9 }], prices: [] },
    ],
  });
  const { sessionToken } = await other.billingos.createSessionToken({ externalUserId: 'np', email: 'np@x.com' });
  const { entitlements } = await ask(
    harness,
    { credential: sessionToken },
    '{ viewer { entitlements { feature { key } usage { amount } } } }',
  );
  expect(entitlements).toEqual([{ feature: { key: 'exports' }, usage: { amount: 9 } }]);
});

test('a quota is counted in the period of the subscription, and anew when that is renewed', async () => {
  const own = await harness.newMerchant('Renewer');
  await apply(harness, own, smallCatalog);
  const customer = await openCustomer(harness, 'renewed', own);
  await customer.buy('pro-monthly');
  const { currentPeriodStart, currentPeriodEnd } = await customer.subscription();
  await customer.track('first', { amount: 60 });
  expect((await customer.feature('exports')).usage).toEqual({
    used: 60,
    amount: 100,
    remaining: 40,
    periodStart: currentPeriodStart,
    periodEnd: currentPeriodEnd,
  });

  await advance(harness, own, secondsUntil(currentPeriodEnd));
  expect((await customer.feature('exports')).usage).toMatchObject({ used: 0, periodStart: currentPeriodEnd });
  await customer.track('second', { amount: 5 });
  expect((await customer.feature('exports')).usage).toMatchObject({ used: 5, remaining: 95 });
});

test('without a subscription a quota is counted by the calendar month of UTC', async () => {
  const own = await harness.newMerchant('Calendar');
  await apply(harness, own, smallCatalog);
  const customer = await openCustomer(harness, 'calendar', own);
  await customer.track('first', { amount: 2 });
  const { usage } = await customer.feature('exports');
  const now = new Date(harness.clock.now());
  const month = (offset: number) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + offset)).toISOString();
  expect(usage).toMatchObject({ used: 2, periodStart: month(0), periodEnd: month(1) });

  await advance(harness, own, secondsUntil(usage.periodEnd));
  expect((await customer.feature('exports')).usage).toMatchObject({
    used: 0,
    periodStart: month(1),
    periodEnd: month(2),
  });
});

test('the month does not begin a subscriber’s quota anew, whatever was bought beside it', async () => {
  const own = await harness.newMerchant('Beside');
  await apply(harness, own, {
    ...smallCatalog,
    products: smallCatalog.products.map((product) =>
      product.key === 'fonts' ? { ...product, features: [{ key: 'exports', amount: 50 }] } : product,
    ),
  });
  const customer = await openCustomer(harness, 'beside', own);
  await customer.buy('fonts-once');
  await customer.buy('pro-monthly');
  await customer.track('first', { amount: 60 });
  const { currentPeriodStart, currentPeriodEnd } = await customer.subscription();
  const begun = new Date(currentPeriodStart);
  const nextMonth = new Date(Date.UTC(begun.getUTCFullYear(), begun.getUTCMonth() + 1));
  if (nextMonth < new Date(currentPeriodEnd)) await advance(harness, own, secondsUntil(nextMonth) + 60);
  expect((await customer.feature('exports')).usage).toMatchObject({ used: 60, periodStart: currentPeriodStart });
});

test('a feature that is taken out of the catalog disappears', async () => {
  const own = await harness.newMerchant('Shrinking');
  await apply(harness, own, smallCatalog);
  const customer = await openCustomer(harness, 'shrinking', own);
  await customer.buy('pro-monthly');
  const keys = async () =>
    (await customer.own('{ viewer { entitlements { feature { key } } } }')).entitlements.map(
      ({ feature }: { feature: { key: string } }) => feature.key,
    );
  expect(await keys()).toEqual(['watermark-free', 'exports', 'projects']);
  await apply(harness, own, {
    features: smallCatalog.features.filter(({ key }) => key !== 'projects'),
    products: smallCatalog.products.map((product) => ({
      ...product,
      features: product.features.filter(({ key }) => key !== 'projects'),
    })),
  });
  expect(await keys()).toEqual(['watermark-free', 'exports']);
  expect(await customer.own('{ viewer { feature(key: "projects") { granted } } }')).toBe('NOT_FOUND');
});

test('a feature that is not there is not found, and one that does not count has no usage', async () => {
  const customer = await customerNamed('asks');
  expect(await customer.own('{ viewer { feature(key: "none") { granted } } }')).toBe('NOT_FOUND');
  expect(await customer.own('{ viewer { usage(featureKey: "none") { used } } }')).toBe('NOT_FOUND');
  expect(await customer.own('{ viewer { usage(featureKey: "projects") { used } } }')).toBe('INVALID_INPUT');
  expect(await customer.own('{ viewer { usage(featureKey: "exports") { used } } }')).toEqual({ usage: { used: 0 } });
});

test('a merchant sees of each customer what that customer sees, and nothing of another merchant’s', async () => {
  const customer = await customerNamed('seen');
  await customer.buy('pro-monthly');
  await customer.track('one');
  const query = `query ($id: ID!) { customer(by: { id: $id }) {
    subscription { status } entitlements { feature { key } usage { used } } } }`;
  const seen = await ask(harness, { credential: merchant.secretKey }, query, { id: customer.id });
  expect(seen).toEqual({
    subscription: { status: 'ACTIVE' },
    entitlements: [
      { feature: { key: 'watermark-free' }, usage: null },
      { feature: { key: 'exports' }, usage: { used: 1 } },
      { feature: { key: 'projects' }, usage: null },
    ],
  });
  expect(await ask(harness, { credential: harness.rival.secretKey }, query, { id: customer.id })).toBeNull();
});

/** Nothing runs beside requests, and nothing that is remembered for a second is over. */
async function quietHarness() {
  const quiet = await createHarnessForTest({ clock: { ...createTestClock(), monotonic: () => 0 } });
  await apply(quiet, quiet.merchant, smallCatalog);
  await quiet.app.stop();
  return quiet;
}

test('fifty customers with their subscriptions and entitlements take as many statements as one', async () => {
  const quiet = await quietHarness();
  const named = Array.from({ length: 50 }, (_, index) => `user-${index}`);
  const subscribe = async (name: string) => (await openCustomer(quiet, name)).buy('pro-monthly');
  await Promise.all(named.map(subscribe));
  const listed = async (first: number) => {
    quiet.statements.splice(0);
    const { edges } = await ask(
      quiet,
      { credential: quiet.merchant.secretKey },
      `query ($first: Int) { customers(first: $first) { edges { node { subscription { status items { price { key } product { key } } }
        entitlements { feature { key } amount usage { used periodEnd } } feature(key: "exports") { amount } usage(featureKey: "exports") { used } } } } }`,
      { first },
    );
    expect(edges).toHaveLength(first);
    return quiet.requestStatements();
  };
  expect(await listed(1)).toHaveLength(7);
  expect(await listed(50)).toHaveLength(7);
});

test('all that a session may ask takes a fixed number of statements', async () => {
  const quiet = await quietHarness();
  const customer = await openCustomer(quiet, 'everything');
  await customer.buy('pro-monthly');
  await customer.track('one');
  quiet.statements.splice(0);
  const answer = await quiet.graphql(
    customer.token,
    `{ viewer { id email name createdAt
        subscription { id status currentPeriodStart currentPeriodEnd items { quantity price { key unitAmount } product { name } } }
        entitlements { feature { key name kind unit } granted amount usage { used amount remaining periodStart periodEnd } }
        exports: feature(key: "exports") { granted amount usage { used } }
        projects: feature(key: "projects") { granted amount }
        usage(featureKey: "exports") { used remaining }
        invoices { edges { node { id number total lines { description amount } } } pageInfo { hasNextPage } }
        paymentMethods { id brand lastFour } }
      products { key name features { feature { key } amount } prices { key unitAmount } } }`,
  );
  expect(answer.errors).toEqual([]);
  expect(answer.data?.['viewer']).toMatchObject({
    usage: { used: 1 },
    invoices: { edges: [{ node: { total: 1900 } }] },
  });
  expect(quiet.requestStatements()).toHaveLength(12);
});
