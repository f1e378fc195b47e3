import { describe, expect, test } from 'vitest';
import { ImportError, type SourceBatch } from '../../server/import/record.ts';
import { createStripeClient, type StripeClientOptions } from '../../server/stripe/client.ts';
import { createStripeSource } from '../../server/stripe/source.ts';
import { generateAccount, type StripeAccount, type StripeObject } from '../support/stripe-account.ts';
import { createStripeServer } from '../support/stripe-server.ts';

const testKey = 'sk_test_51TheWholeKeyIsSecret0001';
const restrictedKey = 'rk_test_51TheWholeKeyIsSecret0002';
const size = { products: 3, prices: 11, customers: 250, subscriptions: 120 };
const none: StripeAccount = { products: [], prices: [], customers: [], subscriptions: [] };

async function setUp(account: StripeAccount = generateAccount(size), options: Partial<StripeClientOptions> = {}) {
  const server = await createStripeServer({ account, keys: { [testKey]: 'all', [restrictedKey]: ['products'] } });
  const waitedMs: number[] = [];
  const client = createStripeClient({
    secretKey: testKey,
    environment: 'test',
    apiBase: server.apiBase,
    random: () => 0.5,
    sleep: async (ms) => void waitedMs.push(ms),
    ...options,
  });
  return { account, server, waitedMs, source: createStripeSource(client) };
}

async function readAll(batches: AsyncIterable<SourceBatch>) {
  const read: SourceBatch[] = [];
  for await (const batch of batches) read.push(batch);
  return {
    batches: read,
    records: read.flatMap(({ records }) => records),
    problems: read.flatMap(({ problems }) => problems),
    ids: read.flatMap(({ records }) => records.map(({ stripeId }) => stripeId)),
  };
}

const idsOf = (objects: readonly StripeObject[]) => objects.map(({ id }) => String(id));

/** In the order in which they are read. */
function allIds({ products, prices, customers, subscriptions }: StripeAccount): string[] {
  const active = prices.filter((price) => price['active'] === true);
  const archived = prices.filter((price) => price['active'] === false);
  return [products, active, archived, customers, subscriptions].flatMap(idsOf);
}

/** What the promise was refused with, which must be an ImportError. */
async function refusalOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ImportError);
  return (error as ImportError).message;
}

/** One object alone, as it is read. */
async function readOne(list: keyof StripeAccount, object: StripeObject) {
  const { source } = await setUp({ ...none, [list]: [object] });
  const { records, problems } = await readAll(source.read());
  return { record: records[0], problem: problems[0] };
}

describe('reading an account', () => {
  test('brings every object once, what is referred to before what refers to it', async () => {
    const { account, source, server } = await setUp();
    const { ids, problems, batches } = await readAll(source.read());

    expect(problems).toEqual([]);
    expect(ids).toEqual(allIds(account));
    expect(ids).toHaveLength(3 + 11 + 250 + 120);
    expect(server.requests.every(({ searchParams }) => searchParams.get('limit') === '100')).toBe(true);
    expect(batches.map(({ records }) => records.length)).toEqual([3, 9, 2, 100, 100, 50, 100, 20]);
    expect(batches.at(-1)?.fraction).toBe(1);
  });

  test('goes on after any page with exactly the rest', async () => {
    const { account, source } = await setUp();
    const { batches } = await readAll(source.read());
    expect(batches).toHaveLength(8);

    for (const [index, { cursor }] of batches.entries()) {
      const before = batches.slice(0, index + 1).reduce((sum, { records }) => sum + records.length, 0);
      const { ids } = await readAll(source.read(cursor));
      expect(ids).toEqual(allIds(account).slice(before));
    }
  });

  test('begins a kind again when the object to go on after was deleted', async () => {
    const { account, source } = await setUp();
    const { batches } = await readAll(source.read());
    const cursor = batches[3]?.cursor;
    account.customers.splice(99, 1);

    const { ids } = await readAll(source.read(cursor));
    expect(ids).toEqual([...idsOf(account.customers), ...idsOf(account.subscriptions)]);
  });

  test('goes on from no cursor of another source', async () => {
    const { source } = await setUp();
    for (const cursor of ['500', '{"kind":"invoice"}', 'nonsense']) {
      expect(await refusalOf(readAll(source.read(cursor)))).toContain('cannot go on');
    }
  });
});

describe('an object of Stripe', () => {
  test('becomes a customer with its address as given', async () => {
    const { record } = await readOne('customers', {
      id: 'cus_1',
      object: 'customer',
      email: 'Ada@Example.COM ',
      name: '',
      metadata: { plan: 'gold' },
      created: 1_700_000_000,
    });
    expect(record).toEqual({
      kind: 'customer',
      stripeId: 'cus_1',
      email: 'Ada@Example.COM ',
      name: null,
      metadata: { plan: 'gold' },
    });
  });

  test('becomes no record when Stripe has deleted it', async () => {
    const { record, problem } = await readOne('customers', { id: 'cus_1', object: 'customer', deleted: true });
    expect([record, problem]).toEqual([undefined, undefined]);
  });

  test('becomes a price with its amount exact below a minor unit, its product an id or an object', async () => {
    const price = { id: 'price_1', object: 'price', currency: 'usd', active: true };
    const exact = {
      ...price,
      product: { id: 'prod_1', object: 'product' },
      unit_amount: null,
      unit_amount_decimal: '0.5',
    };
    const older = { ...price, product: 'prod_1', unit_amount: 250, recurring: { interval: 'year', interval_count: 2 } };

    const expected = { kind: 'price', stripeId: 'price_1', stripeProductId: 'prod_1', currency: 'usd', isActive: true };
    expect((await readOne('prices', exact)).record).toEqual({ ...expected, unitAmount: '0.5', recurring: null });
    expect((await readOne('prices', older)).record).toEqual({
      ...expected,
      unitAmount: '250',
      recurring: { interval: 'year', intervalCount: 2 },
    });
  });

  test('becomes a price with its tiers, which Stripe is asked for', async () => {
    const price = { id: 'price_1', object: 'price', product: 'prod_1', currency: 'usd', active: true };
    const tiers = [
      { up_to: 5, unit_amount: 1_000, unit_amount_decimal: '1000', flat_amount: null, flat_amount_decimal: null },
      { up_to: null, unit_amount: null, unit_amount_decimal: '0.5', flat_amount: 300 },
    ];
    const tiered = { ...price, unit_amount: null, tiers_mode: 'graduated', tiers };
    expect((await readOne('prices', tiered)).record).toMatchObject({
      unitAmount: null,
      tiersMode: 'graduated',
      tiers: [
        { upTo: 5, unitAmount: '1000', flatAmount: null },
        { upTo: null, unitAmount: '0.5', flatAmount: '300' },
      ],
    });
    expect((await readOne('prices', { ...price, tiers_mode: null })).record).toMatchObject({
      tiersMode: null,
      tiers: [],
    });
  });

  test.each([
    ['itself, as before 2025', { current_period_end: 1_700_000_100 }, {}],
    ['its items', {}, { current_period_end: 1_700_000_100 }],
  ])('becomes a subscription with the period end of %s', async (_where, own, ofItem) => {
    const { record } = await readOne('subscriptions', {
      id: 'sub_1',
      object: 'subscription',
      customer: { id: 'cus_1', object: 'customer', deleted: true },
      status: 'past_due',
      items: { object: 'list', data: [{ price: { id: 'price_1' }, quantity: 2, ...ofItem }, { price: 'price_2' }] },
      created: 1_700_000_000,
      ...own,
    });
    expect(record).toEqual({
      kind: 'subscription',
      stripeId: 'sub_1',
      stripeCustomerId: 'cus_1',
      status: 'past_due',
      items: [
        { stripePriceId: 'price_1', quantity: 2 },
        { stripePriceId: 'price_2', quantity: null },
      ],
      currentPeriodStart: null,
      currentPeriodEnd: new Date(1_700_000_100_000),
      cancelAtPeriodEnd: false,
      canceledAt: null,
      trialEnd: null,
      createdAt: new Date(1_700_000_000_000),
    });
  });

  const customer = { id: 'cus_1', object: 'customer', created: 1 };
  const price = { id: 'price_1', object: 'price', product: 'prod_1', currency: 'usd', active: true };
  const subscription = { id: 'sub_1', object: 'subscription', customer: 'cus_1', status: 'active', created: 1 };
  test.each<[string, keyof StripeAccount, StripeObject, string]>([
    ['without an id', 'customers', { created: 1 }, 'customer 1 of all: id is missing'],
    ['with a number for a name', 'customers', { ...customer, name: 7 }, 'cus_1: name is not what Stripe writes there'],
    [
      'with a NUL in its name',
      'customers',
      { ...customer, name: 'a\0b' },
      'cus_1: name has characters that cannot be stored',
    ],
    [
      'with half a character',
      'customers',
      { ...customer, name: 'a\uD800' },
      'cus_1: name has characters that cannot be stored',
    ],
    [
      'with an endless address',
      'customers',
      { ...customer, email: 'a'.repeat(321) },
      'cus_1: email has more than 320 characters',
    ],
    [
      'with an amount that is no number',
      'prices',
      { ...price, unit_amount_decimal: 'abc' },
      'price_1: unit_amount_decimal is not what Stripe writes there',
    ],
    ['without items', 'subscriptions', subscription, 'sub_1: items is missing'],
    [
      'with a status that is none',
      'subscriptions',
      { ...subscription, status: 'asleep', items: { data: [] } },
      'sub_1: status is not a status such as active',
    ],
    [
      'with more items than came',
      'subscriptions',
      { ...subscription, items: { data: [], has_more: true } },
      'sub_1: items has more than Stripe sent along',
    ],
    [
      'with an item without a price',
      'subscriptions',
      { ...subscription, items: { data: [{}] } },
      'sub_1: items has one without a price',
    ],
  ])('%s becomes a problem, and those after it are read', async (_which, list, broken, expected) => {
    const account = generateAccount(size);
    account[list].unshift(broken);
    const { source } = await setUp(account);

    const { problems, ids } = await readAll(source.read());
    expect(problems.map(({ where, reason }) => `${where}: ${reason}`)).toEqual([expected]);
    expect(ids).toEqual(allIds(generateAccount(size)));
  });
});

describe('when Stripe is in trouble', () => {
  test('a 429 is waited for as long as Retry-After says, without it twice as long each time', async () => {
    const { account, source, server, waitedMs } = await setUp();
    server.fail({ kind: 'tooManyRequests', retryAfterSeconds: 3 });
    server.fail(...Array.from({ length: 3 }, () => ({ kind: 'tooManyRequests' }) as const));

    expect((await readAll(source.read())).ids).toEqual(allIds(account));
    expect(waitedMs).toEqual([3_000, 1_000, 2_000, 4_000]);
  });

  test.each([{ kind: 'broken' }, { kind: 'html' }, { kind: 'cut' }] as const)(
    'a page that is $kind is asked for again, and nothing is lost or doubled',
    async (fault) => {
      const { account, source, server, waitedMs } = await setUp();
      const ids: string[] = [];
      for await (const { records } of source.read()) {
        if (ids.length === 0) server.fail(fault);
        ids.push(...records.map(({ stripeId }) => stripeId));
      }
      expect(ids).toEqual(allIds(account));
      expect(waitedMs).toHaveLength(1);
    },
  );

  test.each([
    ['tooManyRequests', 'too many requests'],
    ['broken', 'Something broke.'],
    ['cut', 'could not be reached in 7 tries'],
  ] as const)('tries that all end with %s end the run after the seventh', async (kind, message) => {
    const { source, server, waitedMs } = await setUp();
    server.fail(...Array.from({ length: 20 }, () => ({ kind })));

    expect(await refusalOf(readAll(source.read()))).toContain(message);
    expect([server.requests.length, waitedMs.length]).toEqual([7, 6]);
  });

  test('a run that ended goes on from its last page', async () => {
    const { account, source, server } = await setUp();
    const ids: string[] = [];
    let cursor: string | undefined;
    const run = async () => {
      for await (const batch of source.read(cursor)) {
        cursor = batch.cursor;
        ids.push(...batch.records.map(({ stripeId }) => stripeId));
        if (ids.length === 114) server.fail(...Array.from({ length: 7 }, () => ({ kind: 'cut' }) as const));
      }
    };
    expect(await refusalOf(run())).toContain('could not be reached');
    await run();
    expect(ids).toEqual(allIds(account));
  });

  test('no answer at all ends the run', async () => {
    const { source } = await setUp(none, { apiBase: 'http://127.0.0.1:1' });
    expect(await refusalOf(readAll(source.read()))).toContain('could not be reached');
  });

  test('a list that never ends is not followed', async () => {
    const { source } = await setUp({ ...none, customers: Array.from({ length: 101 }, () => ({ created: 1 })) });
    expect(await refusalOf(readAll(source.read()))).toBe('Stripe says there is more, and does not send it.');
  });
});

describe('a key', () => {
  const liveKey = testKey.replace('test', 'live');
  test.each<[string, string | undefined, StripeClientOptions['environment'], string]>([
    [
      'that is not given',
      undefined,
      'test',
      'There is no Stripe key: set STRIPE_SECRET_KEY to one that begins with sk_test_ or rk_test_, or run billingos stripe connect.',
    ],
    [
      'that is empty',
      '',
      'live',
      'There is no Stripe key: set STRIPE_SECRET_KEY to one that begins with sk_live_ or rk_live_, or run billingos stripe connect.',
    ],
    ['for browsers', testKey.replace('sk', 'pk'), 'test', 'not a secret or restricted key'],
    ['with a space', ` ${testKey}`, 'test', 'not a secret or restricted key'],
    ['of the live mode', liveKey, 'test', 'is for live, and the import goes into test'],
    ['of the test mode', restrictedKey, 'live', 'is for test, and the import goes into live'],
  ])('%s is refused before anything is sent, and not shown', async (_which, secretKey, environment, message) => {
    const refusal = await refusalOf(setUp(none, { secretKey, environment }));
    expect(refusal).toContain(message);
    expect(refusal).not.toContain('51The');
  });

  test.each([
    [testKey, 'test'],
    [restrictedKey, 'test'],
    [liveKey, 'live'],
    [liveKey.replace('sk', 'rk'), 'live'],
  ] as const)('that begins like %.8s is taken for %s', (secretKey, environment) => {
    expect(() => createStripeClient({ secretKey, environment })).not.toThrow();
  });

  test('that lacks a permission is told which, once, and no part of it is shown', async () => {
    const { source, server } = await setUp(generateAccount(size), { secretKey: restrictedKey });
    const refusal = await refusalOf(readAll(source.read()));

    expect(refusal).toContain('rak_price_read');
    expect(refusal).not.toMatch(/rk_test|0002/);
    expect(server.requests.map(({ pathname }) => pathname)).toEqual(['/v1/products', '/v1/prices']);
  });

  test('that Stripe does not know is not shown, and not tried again', async () => {
    const { source, server } = await setUp(none, { secretKey: 'sk_test_51TheWholeKeyIsSecret9999' });
    const refusal = await refusalOf(readAll(source.read()));

    expect(refusal).toContain('does not know this key');
    expect(refusal).not.toMatch(/sk_test|9999/);
    expect(server.requests).toHaveLength(1);
  });

  test.each(['http://stripe.example', 'ftp://127.0.0.1', 'nonsense', 'http://127.0.0.1.example'])(
    'is not sent to %s',
    (apiBase) => {
      expect(() => createStripeClient({ secretKey: testKey, environment: 'test', apiBase })).toThrow(ImportError);
    },
  );
});
