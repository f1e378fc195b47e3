import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cards, openCustomer } from '../support/billing.ts';
import { apply, smallCatalog } from '../support/catalog.ts';
import { problemPaths } from '../support/create-session.ts';
import { createHarness, type Harness, type TestMerchant } from '../support/harness.ts';
import { importRecords, sourceCustomer, sourcePrice, sourceProduct, sourceSubscription } from '../support/import.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.stop());

const allFields = `key name description active visible default features { feature { key name kind unit } amount }
  prices { key currency unitAmount unitAmountDecimal recurring { interval intervalCount } tiersMode
    tiers { upTo unitAmount flatAmount } active visible }`;

async function productsFor(credential: string, { environment }: Pick<TestMerchant, 'environment'>) {
  const { data } = await harness.graphql(credential, `{ products { ${allFields} } }`, {}, { environment });
  return data?.['products'];
}
const products = (merchant: TestMerchant) => productsFor(merchant.secretKey, merchant);

async function productsShown(merchant: TestMerchant) {
  const { sessionToken } = await merchant.billingos.createSessionToken({ externalUserId: 'reader' });
  return productsFor(sessionToken, merchant);
}

/** `KIND noun key: fields`, one a change; a code when it fails. */
async function applied(merchant: TestMerchant, input: object, mode?: 'DRY' | 'REAL'): Promise<string[] | string> {
  const { data, code } = await apply(harness, merchant, input, mode);
  return (
    code ??
    data?.['applyCatalog'].changes.map(
      ({ kind, noun, key, fields }: { kind: string; noun: string; key: string; fields: string[] }) =>
        `${kind} ${noun} ${key}${fields.length > 0 ? `: ${fields.toSorted().join(' ')}` : ''}`,
    )
  );
}

const feature = (key: string, more: object = {}) => ({ key, name: key, kind: 'BOOLEAN', ...more });
const price = (key: string, more: object = {}) => ({
  key,
  currency: 'usd',
  unitAmount: 900,
  recurring: { interval: 'MONTH' },
  ...more,
});
const product = (key: string, more: object = {}) => ({ key, name: key, features: [], prices: [], ...more });
const catalog = (given: readonly object[], features: readonly object[] = []) => ({ features, products: given });
const keysOf = (given: readonly { key: string }[]) => given.map(({ key }) => key);

test('a catalog that is applied again changes nothing', async () => {
  const merchant = await harness.newMerchant('Twice');
  expect(await applied(merchant, smallCatalog)).toEqual([
    'CREATE FEATURE watermark-free',
    'CREATE FEATURE exports',
    'CREATE FEATURE projects',
    'CREATE FEATURE fonts',
    'CREATE PRODUCT free',
    'CREATE PRODUCT pro',
    'CREATE PRICE pro-monthly',
    'CREATE PRICE pro-yearly',
    'CREATE PRICE pro-monthly-eur',
    'CREATE PRICE pro-hidden',
    'CREATE PRODUCT team',
    'CREATE PRICE team-monthly',
    'CREATE PRODUCT fonts',
    'CREATE PRICE fonts-once',
  ]);
  const before = await products(merchant);
  expect(await applied(merchant, smallCatalog)).toEqual([]);
  expect(await products(merchant)).toEqual(before);
});

test('a dry run writes nothing, and says what the real one does', async () => {
  const merchant = await harness.newMerchant('Dry');
  const changes = await applied(merchant, smallCatalog, 'DRY');
  expect(await products(merchant)).toEqual([]);
  expect(await applied(merchant, smallCatalog)).toEqual(changes);

  const next = catalog([product('pro', { prices: [price('pro-weekly', { recurring: { interval: 'WEEK' } })] })]);
  const before = await products(merchant);
  const later = await applied(merchant, next, 'DRY');
  expect(await products(merchant)).toEqual(before);
  expect(await applied(merchant, next)).toEqual(later);
});

test('every kind of change is named, with what is different', async () => {
  const merchant = await harness.newMerchant('Namer');
  const features = [feature('a'), feature('b'), feature('c', { kind: 'QUOTA', unit: 'cs' })];
  await applied(merchant, catalog([product('x', { prices: [price('x1'), price('x2')] }), product('y')], features));
  const changed = catalog(
    [
      product('z'),
      product('x', {
        name: 'X',
        description: 'More',
        visible: false,
        default: true,
        features: [{ key: 'c', amount: 5 }],
        prices: [price('x1', { visible: false }), price('x3')],
      }),
    ],
    [feature('a', { name: 'A' }), feature('c', { kind: 'LIMIT', unit: 'of c' })],
  );
  expect(await applied(merchant, changed)).toEqual([
    'UPDATE FEATURE a: name',
    'UPDATE FEATURE c: kind place unit',
    'CREATE PRODUCT z',
    'UPDATE PRODUCT x: contents description isDefault isVisible name place',
    'UPDATE PRICE x1: isVisible',
    'CREATE PRICE x3',
    'ARCHIVE FEATURE b',
    'ARCHIVE PRODUCT y',
    'ARCHIVE PRICE x2',
  ]);
  expect(await applied(merchant, changed)).toEqual([]);
});

test.each([
  ['amount', { unitAmount: 901 }],
  ['currency', { currency: 'eur' }],
  ['interval', { recurring: { interval: 'YEAR' } }],
  ['number of intervals', { recurring: { interval: 'MONTH', intervalCount: 3 } }],
  ['being paid repeatedly', { recurring: null }],
  ['tiers', { unitAmount: null, tiersMode: 'VOLUME', tiers: [{ unitAmount: '900' }] }],
])('the %s of a price that was sold is not changed: its key is named, and nothing is written', async (_what, other) => {
  const merchant = await harness.newMerchant('Repricer');
  await applied(merchant, catalog([product('x', { prices: [price('kept'), price('x1')] })]));
  const before = await products(merchant);
  const next = catalog([product('x', { name: 'Other', prices: [price('kept'), price('x1', other)] })]);
  for (const mode of ['DRY', 'REAL'] as const) {
    const { code, errors } = await apply(harness, merchant, next, mode);
    expect(code).toBe('CONFLICT');
    expect(errors[0]?.message).toMatch(/: x1\.$/);
  }
  expect(await products(merchant)).toEqual(before);
});

test('a price does not go to another product, and a tier is not repriced', async () => {
  const merchant = await harness.newMerchant('Mover');
  const tiered = (unitAmount: string) =>
    price('t', { unitAmount: null, tiersMode: 'GRADUATED', tiers: [{ upTo: 5, unitAmount: '2' }, { unitAmount }] });
  await applied(merchant, catalog([product('x', { prices: [price('p'), tiered('1.5')] }), product('y')]));
  expect(
    await applied(
      merchant,
      catalog([product('x', { prices: [tiered('1.5')] }), product('y', { prices: [price('p')] })]),
    ),
  ).toBe('CONFLICT');
  expect(await applied(merchant, catalog([product('x', { prices: [price('p'), tiered('1.4')] }), product('y')]))).toBe(
    'CONFLICT',
  );
  expect(
    await applied(merchant, catalog([product('x', { prices: [price('p'), tiered('1.50')] }), product('y')])),
  ).toEqual([]);
});

test('what is left out is archived and not sold, comes back with the catalog, and is never deleted', async () => {
  const merchant = await harness.newMerchant('Archivist');
  await applied(merchant, smallCatalog);
  expect(await applied(merchant, catalog([]))).toHaveLength(14);
  const archived = await products(merchant);
  expect(archived).toHaveLength(4);
  expect(
    archived.every(({ active, prices }: { active: boolean; prices: { active: boolean }[] }) =>
      [active, ...prices.map((one) => one.active)].every((one) => !one),
    ),
  ).toBe(true);
  expect(await productsShown(merchant)).toEqual([]);
  const customer = await openCustomer(harness, 'late', merchant);
  expect(await customer.createCheckout('pro-monthly')).toBe('NOT_FOUND');

  await applied(merchant, smallCatalog);
  expect(keysOf(await productsShown(merchant))).toEqual(['free', 'pro', 'team', 'fonts']);
});

test('what is hidden and left out is archived, too, and no longer had by everybody', async () => {
  const merchant = await harness.newMerchant('Hider');
  const features = [feature('f')];
  const hidden = { visible: false, default: true, features: [{ key: 'f' }], prices: [price('h1', { visible: false })] };
  await applied(merchant, catalog([product('hidden', hidden)], features));
  const customer = await openCustomer(harness, 'anyone', merchant);
  expect(await customer.feature('f')).toMatchObject({ granted: true });

  expect(await applied(merchant, catalog([], features))).toEqual(['ARCHIVE PRODUCT hidden', 'ARCHIVE PRICE h1']);
  expect(await applied(merchant, catalog([], features))).toEqual([]);
  expect(await customer.feature('f')).toMatchObject({ granted: false });
});

test('whoever has what was archived keeps it', async () => {
  const merchant = await harness.newMerchant('Keeper');
  await applied(merchant, smallCatalog);
  const customer = await openCustomer(harness, 'keeps', merchant);
  await customer.buy('pro-monthly');
  await customer.buy('fonts-once');
  await applied(merchant, catalog([], smallCatalog.features));
  expect(await customer.subscription()).toMatchObject({
    status: 'ACTIVE',
    items: [{ price: { key: 'pro-monthly' }, product: { key: 'pro' } }],
  });
  expect(await customer.feature('projects')).toMatchObject({ granted: true, amount: 10 });
  expect(await customer.feature('fonts')).toMatchObject({ granted: true });
});

test('features, products and prices come in the order in which they were given', async () => {
  const merchant = await harness.newMerchant('Orderly');
  const made = (productKeys: string[], priceKeys: string[], featureKeys: string[]) =>
    catalog(
      productKeys.map((key) =>
        product(key, {
          features: featureKeys.map((one) => ({ key: one })),
          prices: priceKeys.map((one) => price(`${key}-${one}`)),
        }),
      ),
      featureKeys.map((key) => feature(key)),
    );
  for (const orders of [
    [
      ['c', 'a', 'b'],
      ['2', '1', '3'],
      ['z', 'y'],
    ],
    [
      ['b', 'c', 'a'],
      ['3', '1', '2'],
      ['y', 'z'],
    ],
  ] as const) {
    const [productKeys, priceKeys, featureKeys] = orders.map((order) => [...order]) as [string[], string[], string[]];
    await applied(merchant, made(productKeys, priceKeys, featureKeys));
    for (const seen of [await products(merchant), await productsShown(merchant)]) {
      expect(keysOf(seen)).toEqual(productKeys);
      expect(keysOf(seen[0].prices)).toEqual(priceKeys.map((key) => `${productKeys[0]}-${key}`));
      expect(seen[0].features.map((one: { feature: { key: string } }) => one.feature.key)).toEqual(featureKeys);
    }
  }
});

test('an amount is kept exactly, below a minor unit and where there are none', async () => {
  const merchant = await harness.newMerchant('Exact');
  const exact = (key: string, amount: object, currency = 'usd') =>
    price(key, { unitAmount: null, currency, ...amount });
  const given = catalog([
    product('x', {
      prices: [
        exact('tiny', { unitAmountDecimal: '0.000000000001' }),
        exact('parts', { unitAmountDecimal: '1900.50' }),
        exact('large', { unitAmount: 99_999_999_999 }),
        exact('yen', { unitAmount: 1200 }, 'jpy'),
        exact('dinar', { unitAmount: 1234 }, 'kwd'),
        exact('nothing', { unitAmount: 0 }),
        exact('tiers', { tiersMode: 'VOLUME', tiers: [{ upTo: 2, unitAmount: '0.10' }, { flatAmount: '7.0' }] }),
      ],
    }),
  ]);
  await applied(merchant, given);
  const [{ prices }] = await products(merchant);
  expect(
    prices.map((one: { unitAmount: number; unitAmountDecimal: string }) => [one.unitAmount, one.unitAmountDecimal]),
  ).toEqual([
    [null, '0.000000000001'],
    [null, '1900.50'],
    [99_999_999_999, '99999999999'],
    [1200, '1200'],
    [1234, '1234'],
    [0, '0'],
    [null, null],
  ]);
  expect(prices[6].tiers).toEqual([
    { upTo: 2, unitAmount: '0.10', flatAmount: null },
    { upTo: null, unitAmount: null, flatAmount: '7.0' },
  ]);
  expect(await applied(merchant, given)).toEqual([]);
});

test('a name that looks like a number is a name', async () => {
  const merchant = await harness.newMerchant('Bond');
  await applied(merchant, catalog([product('x', { name: '007' })]));
  expect(await applied(merchant, catalog([product('x', { name: '7' })]))).toEqual(['UPDATE PRODUCT x: name']);
});

test('what an import brought is taken over under the merchant’s own names, and no later import changes that back', async () => {
  const merchant = await harness.newMerchant('Importer');
  const records = [
    sourceProduct('prod_1'),
    sourceProduct('prod_2'),
    sourcePrice('price_1', 'prod_1'),
    sourcePrice('price_2', 'prod_1', { unitAmount: null }),
    sourcePrice('price_3', 'prod_2'),
  ];
  await importRecords(harness, merchant, records);
  const tiered = { unitAmount: null, tiersMode: 'GRADUATED', tiers: [{ unitAmount: '5' }] };
  const given = catalog(
    [
      product('pro', {
        name: 'Pro',
        description: 'Mine',
        stripeProductId: 'prod_1',
        features: [{ key: 'f' }],
        prices: [
          price('pro-monthly', { stripePriceId: 'price_1' }),
          price('pro-tiers', { stripePriceId: 'price_2', ...tiered }),
        ],
      }),
    ],
    [feature('f')],
  );
  expect(await applied(merchant, given)).toEqual([
    'CREATE FEATURE f',
    'UPDATE PRODUCT pro: contents description isInCatalog isVisible key name',
    'UPDATE PRICE pro-monthly: isVisible key productKey',
    'UPDATE PRICE pro-tiers: isVisible key place productKey tiers tiersMode',
  ]);
  const mine = await products(merchant);
  expect(keysOf(await productsShown(merchant))).toEqual(['pro']);

  const counts = await importRecords(harness, merchant, records);
  expect(counts).toMatchObject({ product: { same: 2, changed: 0 }, price: { same: 3, changed: 0 } });
  expect(await products(merchant)).toEqual(mine);
  expect(await applied(merchant, given)).toEqual([]);
});

/** As a catalog does that names it by the keys that it has. */
async function putOnSale({ id }: TestMerchant) {
  const { db } = harness.database;
  await db.execute(sql`update products set is_visible = true where merchant_id = ${id}`);
  await db.execute(sql`update prices set is_visible = true where merchant_id = ${id}`);
}

test('what an import brought is for sale to nobody before a catalog names it', async () => {
  const merchant = await harness.newMerchant('Importer');
  await importRecords(harness, merchant, [sourceProduct('prod_1'), sourcePrice('price_1', 'prod_1')]);
  const customer = await openCustomer(harness, 'curious', merchant);
  expect(await customer.createCheckout('price_1')).toBe('NOT_FOUND');
  const { data } = await harness.graphql(customer.token, '{ products { key } }');
  expect(data).toEqual({ products: [] });
});

test('whoever bought something before it had the merchant’s own name keeps it', async () => {
  const merchant = await harness.newMerchant('Renamer');
  await importRecords(harness, merchant, [
    sourceProduct('prod_1'),
    sourcePrice('price_1', 'prod_1'),
    sourcePrice('price_2', 'prod_1', { recurring: null }),
  ]);
  await putOnSale(merchant);
  const customer = await openCustomer(harness, 'early', merchant);
  const buyer = await openCustomer(harness, 'buyer', merchant);
  await customer.buy('price_1');
  await buyer.buy('price_2');
  const open = await buyer.createCheckout('price_1');
  await applied(
    merchant,
    catalog(
      [
        product('pro', {
          stripeProductId: 'prod_1',
          features: [{ key: 'f' }],
          prices: [
            price('monthly', { stripePriceId: 'price_1' }),
            price('once', { stripePriceId: 'price_2', recurring: null }),
          ],
        }),
      ],
      [feature('f')],
    ),
  );
  expect(await customer.subscription()).toMatchObject({
    items: [{ price: { key: 'monthly' }, product: { key: 'pro' }, quantity: 1 }],
  });
  expect(await customer.feature('f')).toMatchObject({ granted: true });
  expect(await buyer.feature('f')).toMatchObject({ granted: true });
  expect((await buyer.payAt(open.url)).status).toBe(303);
});

test('a catalog that was here before Stripe’s products came is joined with them by their ids', async () => {
  const merchant = await harness.newMerchant('Joiner');
  const given = (stripeProductId: string | null, stripePriceId: string | null) =>
    catalog(
      [
        product('pro', {
          stripeProductId,
          features: [{ key: 'f' }],
          prices: [price('monthly', { stripePriceId }), price('weekly', { recurring: { interval: 'WEEK' } })],
        }),
      ],
      [feature('f')],
    );
  await applied(merchant, given(null, null));
  const early = await openCustomer(harness, 'early', merchant);
  await early.buy('monthly');
  const records = [
    sourceProduct('prod_1'),
    sourcePrice('price_1', 'prod_1'),
    sourceCustomer('cus_late', 'late@x.com'),
    sourceSubscription('sub_1', 'cus_late', 'price_1'),
  ];
  await importRecords(harness, merchant, records);

  expect(await applied(merchant, given('prod_1', 'price_1'), 'DRY')).toContain(
    'UPDATE PRODUCT pro: contents isInCatalog isVisible key name',
  );
  await applied(merchant, given('prod_1', 'price_1'));
  expect(keysOf(await products(merchant))).toEqual(['pro']);
  expect(keysOf((await products(merchant))[0].prices)).toEqual(['monthly', 'weekly']);
  const { sessionToken } = await merchant.billingos.createSessionToken({ externalUserId: 'late', email: 'late@x.com' });
  const query = '{ viewer { subscription { items { price { key } } } feature(key: "f") { granted } } }';
  for (const token of [early.token, sessionToken]) {
    expect((await harness.graphql(token, query)).data?.['viewer']).toEqual({
      subscription: { items: [{ price: { key: 'monthly' } }] },
      feature: { granted: true },
    });
  }
  expect(await importRecords(harness, merchant, records)).toMatchObject({
    product: { changed: 0 },
    price: { changed: 0 },
  });
  expect(await applied(merchant, given('prod_1', 'price_1'))).toEqual([]);
});

test('an id of Stripe that is left out later stays, and another one is another price', async () => {
  const merchant = await harness.newMerchant('Forgetful');
  const given = (stripeProductId?: string, stripePriceId?: string) =>
    catalog([product('pro', { stripeProductId, prices: [price('monthly', { stripePriceId })] })]);
  await applied(merchant, given('prod_1', 'price_1'));
  expect(await applied(merchant, given())).toEqual([]);
  expect(
    await importRecords(harness, merchant, [sourceProduct('prod_1'), sourcePrice('price_1', 'prod_1')]),
  ).toMatchObject({
    product: { created: 0 },
    price: { created: 0 },
  });
  expect(keysOf(await products(merchant))).toEqual(['pro']);
  expect(await applied(merchant, given('prod_1', 'price_2'))).toBe('CONFLICT');
});

test('what Stripe no longer sells is not made active by a catalog', async () => {
  const merchant = await harness.newMerchant('Inactive');
  const records = [sourceProduct('prod_1', { isActive: false }), sourcePrice('price_1', 'prod_1', { isActive: false })];
  await importRecords(harness, merchant, records);
  const given = catalog([
    product('pro', { stripeProductId: 'prod_1', prices: [price('monthly', { stripePriceId: 'price_1' })] }),
  ]);
  await applied(merchant, given);
  expect(await products(merchant)).toMatchObject([{ key: 'pro', active: false, prices: [{ active: false }] }]);
  expect(await productsShown(merchant)).toEqual([]);
  expect(await importRecords(harness, merchant, records)).toMatchObject({
    product: { changed: 0 },
    price: { changed: 0 },
  });
  expect(await applied(merchant, given)).toEqual([]);
});

test('a key that stands for something else of Stripe’s is a conflict that names it, not a mixture', async () => {
  const merchant = await harness.newMerchant('Swapper');
  const given = (one: string, other: string) =>
    catalog([product('a', { stripeProductId: one }), product('b', { stripeProductId: other })]);
  await applied(merchant, given('prod_1', 'prod_2'));
  const { code, errors } = await apply(harness, merchant, given('prod_2', 'prod_1'));
  expect([code, errors[0]?.message]).toEqual(['CONFLICT', 'These keys stand for something else already: a, b.']);
  expect(
    await applied(merchant, catalog([product('new', { stripeProductId: 'prod_1' }), product('a'), product('b')])),
  ).toBe('CONFLICT');
  expect(await applied(merchant, given('prod_1', 'prod_2'))).toEqual([]);
});

test('merchants and environments have catalogs of their own, whatever they have in common', async () => {
  const { secretKey, record } = await harness.rules.secretKeys.create(
    { merchantId: harness.merchant.id, environment: 'live' },
    'Live',
  );
  const live: TestMerchant = { ...harness.merchant, environment: 'live', secretKey, keyId: record.id };
  const owners = [harness.merchant, harness.rival, live];
  const own = (name: string) =>
    catalog([product('p', { name, stripeProductId: 'prod_1', prices: [price('q', { stripePriceId: 'price_1' })] })]);
  await Promise.all(owners.map((owner, index) => applied(owner, own(`P${index}`))));
  await applied(harness.merchant, catalog([]));
  expect(await products(harness.merchant)).toMatchObject([{ name: 'P0', visible: false }]);
  expect(await products(harness.rival)).toMatchObject([{ name: 'P1', visible: true, prices: [{ visible: true }] }]);
  expect(await products(live)).toMatchObject([{ name: 'P2', visible: true, prices: [{ visible: true }] }]);
});

test('of catalogs that are applied at once one is there as a whole', async () => {
  const merchant = await harness.newMerchant('Busy');
  const versions = ['one', 'two', 'three', 'four'].map((name) =>
    catalog(
      ['a', 'b', 'c'].map((key) => product(key, { name, features: [{ key: 'f' }], prices: [price(`${key}-${name}`)] })),
      [feature('f', { name })],
    ),
  );
  const answers = await Promise.all([...versions, ...versions].map((version) => applied(merchant, version)));
  expect(answers.filter((answer) => typeof answer === 'string')).toEqual([]);
  const shown = await productsShown(merchant);
  expect(new Set(shown.map(({ name }: { name: string }) => name)).size).toBe(1);
  expect(shown.flatMap(({ prices }: { prices: { key: string }[] }) => keysOf(prices))).toEqual(
    ['a', 'b', 'c'].map((key) => `${key}-${shown[0].name}`),
  );
});

test('every problem of a catalog is reported at once, with its path, and nothing is written', async () => {
  const merchant = await harness.newMerchant('Mistaken');
  const answer = await apply(
    harness,
    merchant,
    catalog(
      [
        product('spaced out', { stripeProductId: 'prod_1', features: [{ key: 'none' }, { key: 'f', amount: -1 }] }),
        product('x', {
          name: '',
          stripeProductId: 'prod_1',
          features: [{ key: 'f' }, { key: 'f' }],
          prices: [
            price('p', { currency: 'USD' }),
            price('p', { unitAmount: null }),
            price('q', { tiersMode: 'VOLUME' }),
            price('r', { unitAmountDecimal: '1.2.3' }),
            price('s', {
              unitAmount: null,
              tiersMode: 'VOLUME',
              tiers: [{ unitAmount: '1' }, { upTo: 3, unitAmount: '1' }],
            }),
            price('t', { recurring: { interval: 'MONTH', intervalCount: 0 } }),
          ],
        }),
        product('x'),
      ],
      [feature('f'), feature('f')],
    ),
  );
  expect(answer.code).toBe('INVALID_INPUT');
  expect([...new Set(problemPaths(answer))].toSorted()).toEqual(
    [
      'input.features',
      'input.products',
      'input.products.0.key',
      'input.products.0.features',
      'input.products.0.features.1.amount',
      'input.products.1.name',
      'input.products.1.features',
      'input.products.1.prices.0.currency',
      'input.products.1.prices.1',
      'input.products.1.prices.2.tiersMode',
      'input.products.1.prices.3.unitAmountDecimal',
      'input.products.1.prices.4.tiers',
      'input.products.1.prices.5.recurring.intervalCount',
    ].toSorted(),
  );
  expect(await products(merchant)).toEqual([]);
});

test('customers are shown what is for sale, and nothing hidden or archived', async () => {
  const merchant = await harness.newMerchant('Seller');
  const given = [
    product('shown', { prices: [price('s1'), price('s2', { visible: false }), price('s3')] }),
    product('hidden', { visible: false, prices: [price('h1')] }),
    product('gone', { prices: [price('g1')] }),
  ];
  await applied(merchant, catalog(given));
  await applied(
    merchant,
    catalog([{ ...given[0], prices: [price('s1'), price('s2', { visible: false })] }, given[1] ?? {}]),
  );
  expect(keysOf(await products(merchant)).toSorted()).toEqual(['gone', 'hidden', 'shown']);
  const shown = await productsShown(merchant);
  expect(keysOf(shown)).toEqual(['shown']);
  expect(keysOf(shown[0].prices)).toEqual(['s1']);
  const customer = await openCustomer(harness, 'curious', merchant);
  for (const key of ['s2', 's3', 'h1', 'g1', 'none']) expect(await customer.createCheckout(key)).toBe('NOT_FOUND');
  await customer.buy('s1', { card: cards.other });
});
