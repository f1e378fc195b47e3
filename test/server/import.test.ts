import { sql } from 'drizzle-orm';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { noCounts } from '../../server/import/counts.ts';
import { productKeysFor, type ProductKeys } from '../../server/import/product-keys.ts';
import { ImportError, type ImportSource, type SourceRecord } from '../../server/import/record.ts';
import { createHarnessForTest, type Harness } from '../support/harness.ts';
import { ownerOf, sourceCustomer, sourceOf } from '../support/import.ts';

interface RunOptions {
  readonly mode?: 'dry' | 'real';
  readonly keys?: ProductKeys;
}

async function runImport(
  { rules, database, merchant }: Pick<Harness, 'rules' | 'database' | 'merchant'>,
  source: ImportSource,
  options: RunOptions = {},
) {
  const owner = ownerOf(merchant);
  const productKeyOf = await productKeysFor(database, owner, options.keys);
  const importOptions = { source, sourceName: 'test', mode: options.mode ?? 'real', productKeyOf } as const;
  return rules.imports.run(owner, await rules.imports.begin(owner, importOptions), importOptions);
}

/** Everything that an import may write, without what differs from run to run. */
async function mirrored({ database, merchant }: Harness) {
  const read = async (statement: ReturnType<typeof sql>) => (await database.db.execute(statement)).rows;
  return {
    customers: await read(
      sql`select stripe_customer_id, email, name, metadata from customers where merchant_id = ${merchant.id} order by 1`,
    ),
    products: await read(sql`select * from products where merchant_id = ${merchant.id} order by key`),
    prices: await read(sql`select * from prices where merchant_id = ${merchant.id} order by stripe_price_id`),
    subscriptions: await read(
      sql`select stripe_subscription_id, status, items from subscriptions where merchant_id = ${merchant.id} order by 1`,
    ),
  };
}

const product = (stripeId: string, name = stripeId): SourceRecord => ({
  kind: 'product',
  stripeId,
  name,
  description: null,
  isActive: true,
});

const price = (stripeId: string, stripeProductId: string): SourceRecord => ({
  kind: 'price',
  stripeId,
  stripeProductId,
  currency: 'eur',
  unitAmount: '990',
  recurring: { interval: 'month', intervalCount: 1 },
  tiersMode: undefined,
  tiers: undefined,
  isActive: true,
});

const subscription = (stripeId: string, stripeCustomerId: string, stripePriceId: string): SourceRecord => ({
  kind: 'subscription',
  stripeId,
  stripeCustomerId,
  status: 'active',
  items: [{ stripePriceId, quantity: 1 }],
  currentPeriodStart: null,
  canceledAt: null,
  trialEnd: null,
  currentPeriodEnd: new Date('2027-01-01T00:00:00Z'),
  cancelAtPeriodEnd: false,
  createdAt: new Date('2026-01-01T00:00:00Z'),
});

const shop = [
  product('prod_a', 'Basic'),
  product('prod_b', 'Pro'),
  price('price_a', 'prod_a'),
  price('price_b', 'prod_b'),
  sourceCustomer('cus_1', 'ada@x.com'),
  sourceCustomer('cus_2', 'bob@x.com'),
  subscription('sub_1', 'cus_1', 'price_a'),
];

const counts = (created: number, changed = 0, same = 0, unusable = 0) => ({ created, changed, same, unusable });

/** One batch of a file's rows. */
const fileOf = (records: SourceRecord[], problems: { where: string; reason: string }[] = []): ImportSource => ({
  kind: 'file',
  async *read() {
    yield { records, problems, cursor: '1', fraction: 1 };
  },
});

test('an import mirrors products, prices, customers and subscriptions, and a second one changes nothing', async () => {
  const harness = await createHarnessForTest();
  const first = await runImport(harness, sourceOf(shop));
  expect(first).toMatchObject({ status: 'done', problems: [], failure: null });
  expect(first.counts).toEqual({ product: counts(2), price: counts(2), customer: counts(2), subscription: counts(1) });
  const before = await mirrored(harness);
  const second = await runImport(harness, sourceOf(shop));
  expect(second.counts).toEqual({
    product: counts(0, 0, 2),
    price: counts(0, 0, 2),
    customer: counts(0, 0, 2),
    subscription: counts(0, 0, 1),
  });
  expect(await mirrored(harness)).toEqual(before);
});

test('what changed at the source is told apart from what is new and what is the same', async () => {
  const harness = await createHarnessForTest();
  await runImport(harness, sourceOf(shop));
  const later = [
    product('prod_a', 'Basic 2'),
    product('prod_b', 'Pro'),
    sourceCustomer('cus_1', 'ada@new.com'),
    sourceCustomer('cus_2', 'bob@x.com'),
    sourceCustomer('cus_3', 'eve@x.com'),
  ];
  const run = await runImport(harness, sourceOf(later));
  expect(run.counts).toMatchObject({ product: counts(0, 1, 1), customer: counts(1, 1, 1) });
});

test('a dry run counts as the import itself would, and writes nothing', async () => {
  const harness = await createHarnessForTest();
  const empty = await mirrored(harness);
  // One row a batch, so that what refers to an earlier one finds it although nothing was kept.
  const batches: ImportSource = {
    kind: 'stripe',
    async *read() {
      for (const [index, record] of shop.entries()) {
        yield { records: [record], problems: [], cursor: String(index), fraction: undefined };
      }
    },
  };
  const dry = await runImport(harness, batches, { mode: 'dry' });
  expect(await mirrored(harness)).toEqual(empty);
  const real = await runImport(harness, batches);
  expect(dry.counts).toEqual(real.counts);
  expect(dry.problems).toEqual(real.problems);
});

test('one row that cannot be used costs nobody else, and is named', async () => {
  const harness = await createHarnessForTest();
  const records = [
    sourceCustomer('cus_1', 'ada@x.com'),
    sourceCustomer('cus_1', 'twin@x.com'),
    subscription('sub_1', 'cus_none', 'price_a'),
    price('price_1', 'prod_none'),
    sourceCustomer('cus_2', 'bob@x.com'),
  ];
  const run = await runImport(harness, fileOf(records, [{ where: 'line 7', reason: 'no id' }]));
  expect(run.status).toBe('done');
  expect(run.counts.customer).toEqual(counts(2, 0, 0, 2));
  expect(run.problems.map(({ where }) => where)).toEqual(['line 7', 'cus_1', 'price_1', 'sub_1']);
  const { customers } = await mirrored(harness);
  expect(customers.map(({ email }) => email)).toEqual(['ada@x.com', 'bob@x.com']);
});

test('customers with the same address are all imported', async () => {
  const harness = await createHarnessForTest();
  const twins = [sourceCustomer('cus_1', 'a@x.com'), sourceCustomer('cus_2', 'A@x.com')];
  expect((await runImport(harness, sourceOf(twins))).counts.customer).toEqual(counts(2));
});

test('a source that cannot go on leaves a run that the next one finishes from there', async () => {
  const harness = await createHarnessForTest();
  const records = Array.from({ length: 1_200 }, (_record, index) => sourceCustomer(`cus_${index}`, `u${index}@x.com`));
  const whole = sourceOf(records);
  const cut: ImportSource = {
    kind: 'stripe',
    async *read(cursor) {
      let count = 0;
      for await (const batch of whole.read(cursor)) {
        if (count++ === 1) throw new ImportError('The connection was cut.');
        yield batch;
      }
    },
  };
  const stopped = await runImport(harness, cut);
  expect(stopped).toMatchObject({ status: 'failed', failure: 'The connection was cut.' });
  expect(stopped.counts.customer.created).toBe(500);
  const finished = await runImport(harness, whole);
  expect(finished).toMatchObject({ id: stopped.id, status: 'done', failure: null });
  expect(finished.counts.customer).toEqual(counts(1_200));
});

test('products go by the keys that the merchant gave, and those without a key are reported', async () => {
  const harness = await createHarnessForTest();
  const run = await runImport(harness, sourceOf(shop), { keys: new Map([['prod_a', 'basic']]) });
  expect(run.counts).toMatchObject({ product: counts(1, 0, 0, 1), price: counts(1, 0, 0, 1) });
  expect(run.problems).toEqual([
    { where: 'prod_b', reason: 'no key is given for this product' },
    { where: 'price_b', reason: 'no key is given for its product' },
  ]);
  const { products } = await mirrored(harness);
  expect(products).toMatchObject([{ key: 'basic', stripe_product_id: 'prod_a' }]);
  // Without a file, the key that it has here counts.
  expect((await runImport(harness, sourceOf([product('prod_a', 'Basic')]))).counts.product).toEqual(counts(0, 0, 1));
});

test('what a source does not say stays as it is, and the merchant’s metadata is its own', async () => {
  const harness = await createHarnessForTest();
  const full = { ...sourceCustomer('cus_1', 'ada@x.com'), metadata: { from: 'stripe' } };
  await runImport(harness, sourceOf([full]));
  await harness.database.db.execute(sql`update customers set metadata = '{"mine": true}'`);
  const run = await runImport(harness, sourceOf([{ ...full, name: undefined, email: undefined }]));
  expect(run.counts.customer).toEqual(counts(0, 0, 1));
  const { customers } = await mirrored(harness);
  expect(customers).toMatchObject([{ email: 'ada@x.com', name: 'Name of cus_1', metadata: { mine: true } }]);
});

test('the tiers of a price are those that a source says last, and nothing else takes them away', async () => {
  const harness = await createHarnessForTest();
  const tiers = [{ upTo: null, unitAmount: '0.5', flatAmount: '300' }];
  const tiered = { ...price('price_a', 'prod_a'), tiersMode: 'graduated', tiers } as const;
  await runImport(harness, sourceOf([product('prod_a'), tiered]));
  expect((await mirrored(harness)).prices).toMatchObject([{ tiers_mode: 'graduated', tiers }]);

  expect((await runImport(harness, sourceOf([price('price_a', 'prod_a')]))).counts.price).toEqual(counts(0, 0, 1));
  expect((await mirrored(harness)).prices).toMatchObject([{ tiers_mode: 'graduated', tiers }]);

  const plain = { ...price('price_a', 'prod_a'), tiersMode: null, tiers: [] } as const;
  expect((await runImport(harness, sourceOf([plain]))).counts.price).toEqual(counts(0, 1));
  expect((await mirrored(harness)).prices).toMatchObject([{ tiers_mode: null, tiers: [] }]);
});

test('a product that gets another key keeps its prices', async () => {
  const harness = await createHarnessForTest();
  await runImport(harness, sourceOf(shop));
  const keys = new Map([
    ['prod_a', 'basic'],
    ['prod_b', 'pro'],
  ]);
  expect((await runImport(harness, sourceOf(shop), { keys })).counts.product).toEqual(counts(0, 2));
  expect((await mirrored(harness)).prices).toMatchObject([
    { stripe_price_id: 'price_a', product_key: 'basic' },
    { stripe_price_id: 'price_b', product_key: 'pro' },
  ]);
});

test('subscriptions of a customer that was deleted are reported, in a dry run too', async () => {
  const harness = await createHarnessForTest();
  await runImport(harness, sourceOf(shop));
  await harness.database.db.execute(sql`
    with gone as (delete from customers where stripe_customer_id = 'cus_1' returning merchant_id, environment)
    insert into deleted_customers select merchant_id, environment, 'cus_1', now() from gone`);
  for (const mode of ['dry', 'real'] as const) {
    const run = await runImport(harness, sourceOf(shop), { mode });
    expect(run.counts).toMatchObject({ customer: counts(0, 0, 1, 1), subscription: counts(0, 0, 0, 1) });
    expect(run.problems).toContainEqual({ where: 'sub_1', reason: 'its customer is not here' });
  }
});

test('of imports that are to run alone a second one is refused', async () => {
  const { rules, merchant } = await createHarnessForTest();
  const options = { sourceName: 'stripe', mode: 'real', isAlone: true } as const;
  const begun = await Promise.allSettled(
    Array.from({ length: 5 }, () => rules.imports.begin(ownerOf(merchant), options)),
  );
  expect(begun.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('a run that stopped more than a day ago is not gone on with', async () => {
  const harness = await createHarnessForTest();
  const failing: ImportSource = {
    kind: 'stripe',
    read() {
      throw new ImportError('No.');
    },
  };
  const stopped = await runImport(harness, failing);
  harness.clock.advance(86_400_001);
  expect((await runImport(harness, sourceOf(shop))).id).not.toBe(stopped.id);
});

test('of a batch that breaks down through our own fault nothing stays', async () => {
  const harness = await createHarnessForTest();
  const bug: ImportSource = {
    kind: 'stripe',
    async *read() {
      yield { records: [sourceCustomer('cus_1')], problems: [], cursor: '1', fraction: undefined };
      const unstorable = { ...sourceCustomer('cus_3'), email: '\0' };
      yield { records: [sourceCustomer('cus_2'), unstorable], problems: [], cursor: '2', fraction: undefined };
    },
  };
  await expect(runImport(harness, bug)).rejects.toThrow();
  const { rows } = await harness.database.db.execute(
    sql`select status, failure, counts from imports where merchant_id = ${harness.merchant.id}`,
  );
  expect(rows).toEqual([
    {
      status: 'failed',
      failure: 'It broke down: the log says why.',
      counts: { ...noCounts, customer: counts(1) },
    },
  ]);
  const { customers } = await mirrored(harness);
  expect(customers).toHaveLength(1);
});

const letters = [
  ...Array.from('abAB01.+-_%*'),
  ' ',
  'ſ',
  '\u212a',
  'İ',
  'ı',
  'é',
  'ａ',
  'ß',
  '\u0430',
  '\u00a0',
  '\u200b',
];
const address = fc
  .array(fc.constantFrom(...letters), { minLength: 1, maxLength: 6 })
  .map((parts) => `${parts.join('')}@x.com`)
  .filter((text) => !text.trim().startsWith('@'));
const asciiAddress = fc.stringMatching(/^[abAB01.+_%*-]{1,6}$/).map((name) => `${name}@x.com`);
const pair: fc.Arbitrary<readonly [string, string]> = fc.oneof(
  fc.tuple(address, address),
  fc.tuple(asciiAddress, asciiAddress),
  fc.oneof(address, asciiAddress).chain((text) => {
    const alike = [text, ` ${text.toUpperCase()}`, text.toLowerCase(), text.normalize('NFKC')];
    return fc.constantFrom(...alike.map((other) => [text, other] as const));
  }),
);

/** The rule, once more and by other means. */
function keyOf(text: string): string | undefined {
  const trimmed = text.replaceAll(/^ +| +$/g, '');
  const isAscii = Array.from(trimmed).every((letter) => letter >= ' ' && letter <= '~');
  if (!isAscii || !/.@./.test(trimmed)) return undefined;
  return trimmed.replaceAll(/[A-Z]/g, (letter) => String.fromCodePoint((letter.codePointAt(0) ?? 0) + 32));
}

test('only addresses with equal ASCII keys ever bind', async () => {
  const harness = await createHarnessForTest();
  let bound = 0;
  await fc.assert(
    fc.asyncProperty(pair, async ([imported, presented]) => {
      const merchant = await harness.newMerchant('Property');
      await runImport({ ...harness, merchant }, sourceOf([sourceCustomer('cus_1', imported)]));
      const { bindOutcome } = await merchant.billingos.createSessionToken({ externalUserId: 'u', email: presented });
      const isEqual = keyOf(imported) !== undefined && keyOf(imported) === keyOf(presented);
      expect(bindOutcome).toBe(isEqual ? 'BOUND' : 'NO_MATCH');
      if (isEqual) bound += 1;
    }),
    { numRuns: 150, seed: 1 },
  );
  expect(bound).toBeGreaterThan(20);
});
