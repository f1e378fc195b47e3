import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apply, smallCatalog } from '../support/catalog.ts';
import { problemPaths } from '../support/create-session.ts';
import { createHarness, type GraphqlAnswer, type Harness, send, toAnswer } from '../support/harness.ts';
import { buy, returnUrls } from '../support/payment-page.ts';
import { inLive } from '../support/people.ts';

let harness: Harness;
let subscriber: string;
beforeAll(async () => {
  harness = await createHarness();
  const { merchant, rival } = harness;
  const more = (key: string) => ({
    key,
    name: key,
    features: [],
    prices: [{ key: `${key}-monthly`, currency: 'usd', unitAmount: 100, recurring: { interval: 'MONTH' } }],
  });
  const hidden = { ...more('hidden'), visible: false };
  const catalogWith = (...products: object[]) => ({
    ...smallCatalog,
    products: [...smallCatalog.products, ...products],
  });
  await apply(harness, merchant, catalogWith(more('archived'), hidden));
  await apply(harness, merchant, catalogWith(hidden));
  await apply(harness, rival, catalogWith(more('rivals')));
  await apply(harness, await inLive(harness, merchant), catalogWith(more('lives')));
  subscriber = (await newCustomer()).token;
  await buy(harness, subscriber, 'pro-monthly');
});
afterAll(() => harness.stop());

let customers = 0;

async function newCustomer() {
  const externalUserId = `user-${++customers}`;
  const { sessionToken, customer } = await harness.merchant.billingos.createSessionToken({ externalUserId });
  return { token: sessionToken, externalUserId, id: customer.id };
}

/** A request as it is written: JSON knows numbers that JavaScript does not. */
async function ask(credential: string, query: string, variables: string): Promise<GraphqlAnswer> {
  const body = `{"query":${JSON.stringify(query)},"variables":${variables}}`;
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${credential}` };
  return toAnswer(await send(harness.app, `${harness.issuers.test}/graphql`, { method: 'POST', headers, body }));
}

async function countWritten(): Promise<unknown> {
  const { rows } = await harness.database.db.execute(
    `select (select count(*) from checkouts) as checkouts, (select count(*) from simulated_invoices) as invoices,
      (select count(*) from usage_events) as events, (select sum(used) from usage_totals) as used,
      (select jsonb_agg(items order by id) from subscriptions) as items`,
  );
  return rows[0];
}

/** Nothing is written, and the one problem is said to be there. */
async function expectRefused(path: string, asked: () => Promise<GraphqlAnswer>): Promise<void> {
  const before = await countWritten();
  const answer = await asked();
  expect(answer).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
  expect(new Set(problemPaths(answer))).toEqual(new Set([path]));
  expect(await countWritten()).toEqual(before);
}

const plans = {
  previewPlanChange: 'query ($input: PlanInput!) { previewPlanChange(input: $input) { amountDueNow recurringAmount } }',
  changePlan: 'mutation ($input: PlanInput!) { changePlan(input: $input) { id } }',
  createCheckout: 'mutation ($input: CreateCheckoutInput!) { createCheckout(input: $input) { id } }',
} as const;

type Plan = keyof typeof plans;

const planNames = ['previewPlanChange', 'changePlan', 'createCheckout'] as const satisfies readonly Plan[];

const choose = (token: string, plan: Plan, price: string, quantity = '1') => {
  const urls = plan === 'createCheckout' ? `,${JSON.stringify(returnUrls).slice(1, -1)}` : '';
  return ask(token, plans[plan], `{"input":{"price":${JSON.stringify(price)},"quantity":${quantity}${urls}}}`);
};

/** As they stand in JSON. */
const noNumbers = [
  '1.5',
  '1e400',
  '-1e400',
  '"1"',
  'true',
  '[1,2]',
  '{}',
  '1e-1',
  '9007199254740993',
  '-9007199254740993',
];

describe.each(planNames)('%s', (plan) => {
  test.each(['0', '-1', '10001', '1000000000', '2147483648', ...noNumbers])(
    'refuses a quantity of %s, and nothing is written',
    (quantity) => expectRefused('input.quantity', () => choose(subscriber, plan, 'pro-yearly', quantity)),
  );

  test.each(['', 'x'.repeat(256), 'a\0', 'a\nb', '\u2028', '\ud800'])(
    'refuses a price that is called %j, and nothing is written',
    (price) => expectRefused('input.price', () => choose(subscriber, plan, price)),
  );

  test('answers for a price that is hidden, archived, another merchant’s or in the other environment as for none', async () => {
    const nothing = await choose(subscriber, plan, 'no-such-price');
    expect(nothing).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    for (const price of [
      'pro-hidden',
      'hidden-monthly',
      'archived-monthly',
      'rivals-monthly',
      'lives-monthly',
      '%',
      '_',
    ]) {
      const answer = await choose(subscriber, plan, price);
      expect({ price, status: answer.status, text: answer.text }).toEqual({ price, status: 404, text: nothing.text });
    }
  });
});

test.each(['previewPlanChange', 'changePlan'] as const)(
  '%s keeps a subscription’s currency: another one is a CONFLICT, and so is a price that is paid once',
  async (plan) => {
    const before = await countWritten();
    for (const price of ['pro-monthly-eur', 'fonts-once']) {
      expect(await choose(subscriber, plan, price)).toMatchObject({ status: 409, code: 'CONFLICT' });
    }
    expect(await countWritten()).toEqual(before);
  },
);

test('10,000 of a price cost ten thousand times as much, to the cent', async () => {
  const { data } = await choose(subscriber, 'previewPlanChange', 'pro-yearly', '10000');
  expect(data?.['previewPlanChange'].recurringAmount).toBe(190_000_000);
});

const trackUsage =
  'mutation ($input: TrackUsageInput!) { trackUsage(input: $input) { outcome usage { used remaining } } }';
const recordUsage = 'mutation ($events: [RecordUsageInput!]!) { recordUsage(events: $events) { recordedCount } }';

describe('what is counted', () => {
  const amounts = ['0', '-1', '-2147483648', '-9007199254740991', '1000000001', '9007199254740992', ...noNumbers];

  test.each(amounts)('trackUsage refuses an amount of %s, and nothing is counted', async (amount) => {
    const { token } = await newCustomer();
    for (const mode of ['RECORD', 'CONSUME']) {
      const variables = `{"input":{"featureKey":"exports","idempotencyKey":"k","mode":"${mode}","amount":${amount}}}`;
      await expectRefused('input.amount', () => ask(token, trackUsage, variables));
    }
  });

  test.each(amounts)('recordUsage refuses an amount of %s, and counts nothing of the others', async (amount) => {
    const { externalUserId } = await newCustomer();
    const event = (key: string, of: string) =>
      `{"customer":{"externalUserId":"${externalUserId}"},"featureKey":"exports","idempotencyKey":"${key}","amount":${of}}`;
    await expectRefused('events.1.amount', () =>
      ask(harness.merchant.secretKey, recordUsage, `{"events":[${event('one', '1')},${event('other', amount)}]}`),
    );
  });

  test.each([
    ['idempotencyKey', 'x'.repeat(256)],
    ['idempotencyKey', ''],
    ['idempotencyKey', 'a\0b'],
    ['idempotencyKey', 'a\nb'],
    ['idempotencyKey', '\u001b[2J'],
    ['idempotencyKey', '\u0085'],
    ['idempotencyKey', '\u2029'],
    ['idempotencyKey', '\ud800'],
    ['featureKey', 'x'.repeat(256)],
    ['featureKey', ''],
    ['featureKey', '\0'],
    ['featureKey', 'projects'],
    ['featureKey', 'fonts'],
    ['featureKey', 'no-such-feature'],
    ['featureKey', '__proto__'],
  ])('is refused with %s %j, and nothing is counted', async (name, value) => {
    const { token, externalUserId } = await newCustomer();
    const event = { featureKey: 'exports', idempotencyKey: 'k', [name]: value };
    await expectRefused(`input.${name}`, () => ask(token, trackUsage, JSON.stringify({ input: event })));
    const good = { customer: { externalUserId }, featureKey: 'exports', idempotencyKey: 'good' };
    await expectRefused(`events.1.${name}`, () =>
      ask(
        harness.merchant.secretKey,
        recordUsage,
        JSON.stringify({ events: [good, { ...event, customer: { externalUserId } }] }),
      ),
    );
  });

  test('may be called what one likes in 255 characters, and is kept apart to the letter', async () => {
    const { token } = await newCustomer();
    const keys = ['x'.repeat(255), '😀'.repeat(255), 'a', 'A', ' a', 'a ', 'é', 'e\u0301', '%', '_', "'", '__proto__'];
    for (const [index, idempotencyKey] of keys.entries()) {
      const { data } = await ask(
        token,
        trackUsage,
        JSON.stringify({ input: { featureKey: 'exports', idempotencyKey } }),
      );
      expect(data?.['trackUsage']).toMatchObject({ outcome: 'RECORDED', usage: { used: index + 1 } });
    }
  });

  test('is at most a thousand uses in one call', async () => {
    const { externalUserId } = await newCustomer();
    const events = (count: number) =>
      Array.from({ length: count }, (_none, index) => ({
        customer: { externalUserId },
        featureKey: 'exports',
        idempotencyKey: `use-${index}`,
      }));
    await expectRefused('events', () =>
      ask(harness.merchant.secretKey, recordUsage, JSON.stringify({ events: events(1_001) })),
    );
    const { data } = await ask(harness.merchant.secretKey, recordUsage, JSON.stringify({ events: events(1_000) }));
    expect(data).toEqual({ recordUsage: { recordedCount: 1_000 } });
  });

  test('is nothing at all when one of the customers is not there, whoever else’s it is', async () => {
    const { externalUserId } = await newCustomer();
    const theirs = await harness.rival.billingos.createSessionToken({ externalUserId: 'of-the-rival' });
    const before = await countWritten();
    for (const customer of [
      { externalUserId: 'nobody' },
      { externalUserId: 'of-the-rival' },
      { id: theirs.customer.id },
      { id: 'x' },
      { id: '\0' },
      { stripeCustomerId: 'cus_none' },
    ]) {
      const event = { featureKey: 'exports', idempotencyKey: `of-${JSON.stringify(customer).length}` };
      const events = [
        { ...event, customer: { externalUserId } },
        { ...event, customer },
      ];
      const answer = await ask(harness.merchant.secretKey, recordUsage, JSON.stringify({ events }));
      expect({ customer, code: answer.code }).toEqual({ customer, code: 'NOT_FOUND' });
    }
    expect(await countWritten()).toEqual(before);
  });
});

/** One use that somebody reports, in one of the ways there are. */
interface Use {
  readonly key: string;
  readonly amount: number;
}

type Call =
  { readonly how: 'record' | 'consume'; readonly use: Use } | { readonly how: 'batch'; readonly uses: readonly Use[] };

const use = fc.record({
  key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'),
  amount: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constantFrom(1_000_000_000)),
});

const call: fc.Arbitrary<Call> = fc.oneof(
  fc.record({ how: fc.constantFrom('record' as const, 'consume' as const), use }),
  fc.record({ how: fc.constant('batch' as const), uses: fc.array(use, { minLength: 1, maxLength: 4 }) }),
);

/** Free customers have so many. */
const quota = 3;

/** What has been counted, by our own reckoning. */
function expectedAfter(counted: Map<string, number>, one: Call): string | number {
  const sum = () => [...counted.values()].reduce((all, amount) => all + amount, 0);
  if (one.how === 'batch') {
    const after = new Map(counted);
    for (const { key, amount } of one.uses) {
      if ((after.get(key) ?? amount) !== amount) return 'CONFLICT';
      after.set(key, amount);
    }
    const count = after.size - counted.size;
    for (const [key, amount] of after) counted.set(key, amount);
    return count;
  }
  const { key, amount } = one.use;
  const known = counted.get(key);
  if (known !== undefined) return known === amount ? 'REPEATED' : 'CONFLICT';
  if (one.how === 'consume' && sum() + amount > quota) return 'REFUSED';
  counted.set(key, amount);
  return 'RECORDED';
}

async function make(one: Call, { token, externalUserId }: Awaited<ReturnType<typeof newCustomer>>) {
  const eventOf = ({ key, amount }: Use) => ({ featureKey: 'exports', idempotencyKey: key, amount });
  if (one.how === 'batch') {
    const events = one.uses.map((each) => ({ ...eventOf(each), customer: { externalUserId } }));
    const { data, code } = await harness.graphql(harness.merchant.secretKey, recordUsage, { events });
    return code ?? (data?.['recordUsage'].recordedCount as number);
  }
  const input = { ...eventOf(one.use), mode: one.how.toUpperCase() };
  const { data, code } = await harness.graphql(token, trackUsage, { input });
  return code ?? (data?.['trackUsage'].outcome as string);
}

const readUsed = async (token: string): Promise<number> =>
  (await harness.graphql(token, '{ viewer { usage(featureKey: "exports") { used } } }')).data?.['viewer'].usage.used;

test('usage never falls, and is the sum of what was counted, each use once, whatever is called in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 10 }), async (calls) => {
      const customer = await newCustomer();
      const counted = new Map<string, number>();
      let before = 0;
      for (const one of calls) {
        const expected = expectedAfter(counted, one);
        expect(await make(one, customer)).toBe(expected);
        const used = await readUsed(customer.token);
        expect(used).toBeGreaterThanOrEqual(before);
        expect(used).toBe([...counted.values()].reduce((sum, amount) => sum + amount, 0));
        before = used;
      }
    }),
    { numRuns: 20 },
  );
});

test('usage is the sum of what was counted, each use once, also when all is called at the same moment', async () => {
  const sameAmount = fc.array(
    call.map((one): Call => {
      const whole = ({ key }: Use) => ({ key, amount: key.codePointAt(0) ?? 1 });
      return one.how === 'batch' ? { how: 'batch', uses: one.uses.map(whole) } : { how: 'record', use: whole(one.use) };
    }),
    { minLength: 2, maxLength: 12 },
  );
  await fc.assert(
    fc.asyncProperty(sameAmount, async (calls) => {
      const customer = await newCustomer();
      await Promise.all(calls.map((one) => make(one, customer)));
      const uses = new Map(
        calls
          .flatMap((one) => (one.how === 'batch' ? one.uses : [one.use]))
          .map(({ key, amount }) => [key, amount] as const),
      );
      expect(await readUsed(customer.token)).toBe([...uses.values()].reduce((sum, amount) => sum + amount, 0));
    }),
    { numRuns: 15 },
  );
});

test('a use that is reported by itself and in a batch at the same moment is no circle of waiting', async () => {
  const customer = await newCustomer();
  const use = (key: string): Use => ({ key, amount: 1 });
  await make({ how: 'record', use: use('before') }, customer);
  const before = await countDeadlocks();
  const { transaction } = harness.database;
  const calls = await transaction(async (held) => {
    await held.execute('select from usage_totals for update');
    const itself = make({ how: 'record', use: use('same') }, customer);
    await expect.poll(countWaiting).toBe(1);
    const inBatch = make({ how: 'batch', uses: [use('same')] }, customer);
    await expect.poll(countWaiting).toBe(2);
    return [itself, inBatch];
  });
  expect(await Promise.all(calls)).toEqual(['RECORDED', 0]);
  expect(await countDeadlocks()).toBe(before);
  expect(await readUsed(customer.token)).toBe(2);
});

test('whoever counts waits for who is changing the customer, and holds nothing of its usage until then', async () => {
  const customer = await newCustomer();
  await make({ how: 'record', use: { key: 'before', amount: 1 } }, customer);
  const { transaction } = harness.database;
  const calls = await transaction(async (held) => {
    await held.execute(`select from customers where id = '${customer.id}' for update`);
    const itself = make({ how: 'record', use: { key: 'itself', amount: 1 } }, customer);
    const inBatch = make({ how: 'batch', uses: [{ key: 'in-batch', amount: 1 }] }, customer);
    await expect.poll(countWaiting).toBe(2);
    await held.execute(`select from usage_totals where customer_id = '${customer.id}' for update nowait`);
    return [itself, inBatch];
  });
  expect(await Promise.all(calls)).toEqual(['RECORDED', 1]);
  expect(await readUsed(customer.token)).toBe(3);
});

test('a batch that meets another use of its key at the same moment is refused, and counts nothing', async () => {
  const customer = await newCustomer();
  const { transaction } = harness.database;
  await make({ how: 'record', use: { key: 'before', amount: 1 } }, customer);
  const uses = ['one', 'other'].map((key): Use => ({ key, amount: 1 }));
  const [batch] = await transaction(async (held) => {
    await held.execute(
      `insert into usage_events (merchant_id, environment, customer_id, idempotency_key, feature_key, amount, created_at)
       select merchant_id, environment, customer_id, 'other', feature_key, 2, created_at
       from usage_events where idempotency_key = 'before' and customer_id = '${customer.id}'`,
    );
    const asked = make({ how: 'batch', uses }, customer);
    await expect.poll(countWaiting).toBe(1);
    return [asked];
  });
  expect(await batch).toBe('CONFLICT');
  expect(await readUsed(customer.token)).toBe(1);
});

async function countWaiting(): Promise<number> {
  const { rows } = await harness.database.db.execute(
    `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return rows.length;
}

/** As PostgreSQL counts them; each of our connections is made to tell first. */
async function countDeadlocks(): Promise<number> {
  const { database } = harness;
  const tellAll = async (waiting: number): Promise<void> =>
    database.transaction(async (transaction) => {
      await transaction.execute('select pg_stat_force_next_flush()');
      if (waiting > 1) await tellAll(waiting - 1);
    });
  await tellAll(database.connections().most);
  const { rows } = await database.db.execute<{ deadlocks: string }>(
    'select deadlocks from pg_stat_database where datname = current_database()',
  );
  return Number(rows[0]?.deadlocks);
}

test('what is consumed at the same moment is never more than the quota', async () => {
  const customer = await newCustomer();
  const calls = Array.from({ length: 20 }, (_none, index): Call => ({
    how: 'consume',
    use: { key: `k${index}`, amount: 1 },
  }));
  const outcomes = await Promise.all(calls.map((one) => make(one, customer)));
  expect(outcomes.filter((outcome) => outcome === 'RECORDED')).toHaveLength(quota);
  expect(outcomes.filter((outcome) => outcome === 'REFUSED')).toHaveLength(20 - quota);
  expect(await readUsed(customer.token)).toBe(quota);
});
