import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { sql } from 'drizzle-orm';
import { advance, ask, openCustomer } from '../support/billing.ts';
import { apply, smallCatalog } from '../support/catalog.ts';
import { problemPaths } from '../support/create-session.ts';
import { createHarness, createHarnessForTest, type Harness, type TestMerchant } from '../support/harness.ts';
import { importCustomers } from '../support/import.ts';

let harness: Harness;
let merchant: TestMerchant;
beforeAll(async () => {
  harness = await createHarness();
  merchant = harness.merchant;
  await apply(harness, merchant, smallCatalog);
});
afterAll(() => harness.stop());

const customerNamed = (externalUserId: string) => openCustomer(harness, externalUserId);

async function subscriberNamed(externalUserId: string) {
  const customer = await customerNamed(externalUserId);
  await customer.buy('pro-monthly');
  return customer;
}

const many = <Item>(count: number, one: (index: number) => Item) => Array.from({ length: count }, (_, at) => one(at));

/** All of it, as many at once as there are clients. */
async function withClients<Result>(count: number, total: number, work: (index: number) => Promise<Result>) {
  const results: Result[] = [];
  let next = 0;
  const client = async () => {
    for (let index = next++; index < total; index = next++) results[index] = await work(index);
  };
  await Promise.all(many(count, client));
  return results;
}

/** How many of each outcome. */
const tally = (answers: readonly (string | { outcome: string })[]) =>
  answers.reduce<Record<string, number>>((counts, answer) => {
    const outcome = typeof answer === 'string' ? answer : answer.outcome;
    return { ...counts, [outcome]: (counts[outcome] ?? 0) + 1 };
  }, {});

const recordUsage = 'mutation ($events: [RecordUsageInput!]!) { recordUsage(events: $events) { recordedCount } }';

async function record(events: readonly object[], secretKey = merchant.secretKey) {
  const answer = await ask(harness, { credential: secretKey }, recordUsage, { events });
  return typeof answer === 'string' ? answer : answer.recordedCount;
}

const usedBy = async (customer: { feature(key: string): Promise<{ usage: { used: number } }> }) =>
  (await customer.feature('exports')).usage.used;

test('a thousand uses by a hundred clients at once are counted exactly', async () => {
  const customer = await subscriberNamed('thousand');
  const answers = await withClients(100, 1_000, (index) => customer.track(`use-${index}`));
  expect(tally(answers)).toEqual({ RECORDED: 1_000 });
  expect(Math.max(...answers.map(({ usage }) => usage.used))).toBe(1_000);
  expect(await usedBy(customer)).toBe(1_000);
});

test('a use takes five statements, and uses that come together share four of them', async () => {
  const customer = await subscriberNamed('shared');
  harness.statements.splice(0);
  await customer.track('alone');
  expect(harness.requestStatements()).toHaveLength(5);

  harness.statements.splice(0);
  await Promise.all(many(100, (index) => customer.track(`use-${index}`)));
  expect(harness.requestStatements().length).toBeLessThan(200);
});

test('a use that is sent twice at once is counted once', async () => {
  const customer = await subscriberNamed('twice');
  const answers = await Promise.all(many(200, (index) => customer.track(`use-${index % 100}`, { amount: 3 })));
  expect(tally(answers)).toEqual({ RECORDED: 100, REPEATED: 100 });
  expect(await usedBy(customer)).toBe(300);
});

test('a quota of a hundred is consumed a hundred times, however many ask at once', async () => {
  const customer = await subscriberNamed('consumer');
  const answers = await Promise.all(many(200, (index) => customer.track(`use-${index}`, { mode: 'CONSUME' })));
  expect(tally(answers)).toEqual({ RECORDED: 100, REFUSED: 100 });
  expect(await usedBy(customer)).toBe(100);
  for (const { outcome, usage } of answers)
    if (outcome === 'REFUSED') expect(usage).toEqual({ used: 100, remaining: 0 });
});

test('what a quota does not suffice for is refused as a whole, and may be asked again', async () => {
  const customer = await subscriberNamed('whole');
  await customer.track('most', { amount: 98, mode: 'CONSUME' });
  expect(await customer.track('three', { amount: 3, mode: 'CONSUME' })).toEqual({
    outcome: 'REFUSED',
    usage: { used: 98, remaining: 2 },
  });
  expect(await customer.track('two', { amount: 2, mode: 'CONSUME' })).toMatchObject({ outcome: 'RECORDED' });
  expect(await customer.track('three', { amount: 3, mode: 'CONSUME' })).toMatchObject({ outcome: 'REFUSED' });
  expect(await customer.track('three', { amount: 3 })).toEqual({
    outcome: 'RECORDED',
    usage: { used: 103, remaining: 0 },
  });
});

test('the last of a quota, asked for twice under one key, is recorded and repeated, not refused', async () => {
  const customer = await subscriberNamed('last');
  await customer.track('most', { amount: 99 });
  const answers = await whileCounted(customer.id, () =>
    Promise.all(many(5, () => customer.track('last', { mode: 'CONSUME' }))),
  );
  expect(tally(answers)).toEqual({ RECORDED: 1, REPEATED: 4 });
  expect(answers.every(({ usage }) => usage.used === 100)).toBe(true);
});

/** Does something while somebody else counts for the customer, until all five wait. */
async function whileCounted<Result extends readonly unknown[]>(customerId: string, work: () => Promise<Result>) {
  const { db } = harness.database;
  const { result } = await db.transaction(async (transaction) => {
    await transaction.execute(sql`select 1 from usage_totals where customer_id = ${customerId} for update`);
    const started = work();
    await vi.waitFor(async () => {
      const { rows } = await db.execute(
        sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      expect(rows).toHaveLength(5);
    });
    return { result: started };
  });
  return result;
}

test('what happened is recorded beyond the quota, and without one', async () => {
  const customer = await customerNamed('beyond');
  expect(await customer.track('much', { amount: 10 })).toEqual({
    outcome: 'RECORDED',
    usage: { used: 10, remaining: 0 },
  });
  const own = await harness.newMerchant('No plan');
  await apply(harness, own, { features: smallCatalog.features, products: [] });
  const without = await openCustomer(harness, 'without', own);
  expect(await without.track('one', { mode: 'CONSUME' })).toMatchObject({ outcome: 'REFUSED', usage: { used: 0 } });
  expect(await without.track('one')).toMatchObject({ outcome: 'RECORDED', usage: { used: 1, remaining: 0 } });
});

test('the same use again is repeated, and says what is used by now', async () => {
  const customer = await subscriberNamed('again');
  await customer.track('one', { amount: 5 });
  await customer.track('two');
  for (const mode of ['RECORD', 'CONSUME']) {
    expect(await customer.track('one', { amount: 5, mode })).toEqual({
      outcome: 'REPEATED',
      usage: { used: 6, remaining: 94 },
    });
  }
});

test('one idempotency key for two uses is a conflict, also when they come at once, and counts one of them', async () => {
  const own = await harness.newMerchant('Two quotas');
  await apply(harness, own, {
    features: [...smallCatalog.features, { key: 'imports', name: 'Imports', kind: 'QUOTA' }],
    products: [],
  });
  const customer = await openCustomer(harness, 'conflict', own);
  await customer.track('one', { amount: 5 });
  expect(await customer.track('one', { amount: 6 })).toBe('CONFLICT');
  expect(await customer.track('one', { amount: 5, featureKey: 'imports' })).toBe('CONFLICT');
  expect(await usedBy(customer)).toBe(5);

  const answers = await Promise.all(
    many(10, (index) => customer.track('two', { featureKey: index % 2 ? 'imports' : 'exports' })),
  );
  expect(tally(answers)).toEqual({ RECORDED: 1, REPEATED: 4, CONFLICT: 5 });
  const { imports, exports } = await customer.own(
    '{ viewer { imports: usage(featureKey: "imports") { used } exports: usage(featureKey: "exports") { used } } }',
  );
  expect(imports.used + exports.used).toBe(6);
});

test('customers do not share idempotency keys', async () => {
  const [one, other] = [await customerNamed('key-1'), await customerNamed('key-2')];
  expect(await one.track('same')).toMatchObject({ outcome: 'RECORDED', usage: { used: 1 } });
  expect(await other.track('same', { amount: 2 })).toMatchObject({ outcome: 'RECORDED', usage: { used: 2 } });
});

test.each([
  ['projects', 'a limit'],
  ['fonts', 'a boolean'],
  ['none', 'nothing'],
])('what is no quota is not counted: %s is %s', async (featureKey) => {
  const customer = await customerNamed('no-quota');
  const { code, errors } = await harness.graphql(
    customer.token,
    'mutation ($input: TrackUsageInput!) { trackUsage(input: $input) { outcome } }',
    { input: { featureKey, idempotencyKey: 'one' } },
  );
  expect(code).toBe('INVALID_INPUT');
  expect(errors[0]?.extensions['problems']).toMatchObject([{ path: ['input', 'featureKey'] }]);
  const answer = await harness.graphql(merchant.secretKey, recordUsage, {
    events: [
      { customer: { id: customer.id }, featureKey: 'exports', idempotencyKey: 'good' },
      { customer: { id: customer.id }, featureKey, idempotencyKey: 'one' },
    ],
  });
  expect(answer.code).toBe('INVALID_INPUT');
  expect(problemPaths(answer)).toEqual(['events.1.featureKey']);
  expect(await usedBy(customer)).toBe(0);
});

test('a server records what several customers used, each named in its own way, once', async () => {
  const user = await customerNamed('record-user');
  const byId = await customerNamed('record-id');
  const { cus_record: imported = '' } = await importCustomers(harness, merchant, { cus_record: null });
  const { customer: organization } = await merchant.billingos.createSessionToken({
    externalUserId: 'member',
    externalOrganizationId: 'acme',
  });
  const events = [
    { customer: { externalUserId: 'record-user' }, featureKey: 'exports', amount: 2, idempotencyKey: 'a' },
    { customer: { externalUserId: 'record-user' }, featureKey: 'exports', amount: 3, idempotencyKey: 'b' },
    { customer: { id: byId.id }, featureKey: 'exports', idempotencyKey: 'a' },
    { customer: { stripeCustomerId: 'cus_record' }, featureKey: 'exports', amount: 4, idempotencyKey: 'a' },
    { customer: { externalOrganizationId: 'acme' }, featureKey: 'exports', amount: 5, idempotencyKey: 'a' },
    // The same once more, and by another of its names.
    { customer: { externalUserId: 'record-user' }, featureKey: 'exports', amount: 2, idempotencyKey: 'a' },
    { customer: { id: user.id }, featureKey: 'exports', amount: 3, idempotencyKey: 'b' },
  ];
  expect(await record(events)).toBe(5);
  expect(await record(events)).toBe(0);
  expect(await record([...events, { ...events[0], idempotencyKey: 'c' }])).toBe(1);
  const used = async (id: string) =>
    (
      await ask(
        harness,
        { credential: merchant.secretKey },
        'query ($id: ID!) { customer(by: { id: $id }) { usage(featureKey: "exports") { used } } }',
        { id },
      )
    ).usage.used;
  expect(await Promise.all([user.id, byId.id, imported, organization.id].map(used))).toEqual([7, 1, 4, 5]);
});

test('of what a server records all is counted or nothing', async () => {
  const customer = await customerNamed('all-or-nothing');
  const good = { customer: { id: customer.id }, featureKey: 'exports', idempotencyKey: 'good' };
  const stranger = await openCustomer(harness, 'stranger', harness.rival);
  for (const by of [
    { externalUserId: 'nobody' },
    { externalOrganizationId: 'nobody' },
    { stripeCustomerId: 'cus_nobody' },
    { id: 'cus_00000000000000000000000000' },
    { id: 'nonsense' },
    { id: stranger.id },
  ]) {
    expect(await record([good, { ...good, customer: by, idempotencyKey: 'bad' }])).toBe('NOT_FOUND');
  }
  expect(await usedBy(customer)).toBe(0);

  await record([{ ...good, amount: 2, idempotencyKey: 'known' }]);
  for (const contradiction of [
    [good, { ...good, amount: 3, idempotencyKey: 'known' }],
    [good, { ...good, amount: 2 }],
  ]) {
    const answer = await harness.graphql(merchant.secretKey, recordUsage, { events: contradiction });
    expect([answer.code, problemPaths(answer)]).toEqual(['CONFLICT', ['events.1.idempotencyKey']]);
  }
  expect(await usedBy(customer)).toBe(2);
  expect(await record([])).toBe(0);
});

test('batches and single uses of the same customers at once are counted exactly', async () => {
  const customers = await Promise.all(many(5, (index) => customerNamed(`batch-${index}`)));
  const events = (batch: number) =>
    many(40, (index) => ({
      customer: { externalUserId: `batch-${(index + batch) % 5}` },
      featureKey: 'exports',
      idempotencyKey: `event-${batch}-${Math.floor(index / 5)}`,
    }));
  const answers = await Promise.all([
    ...many(6, (batch) => record(events(batch % 3))),
    ...customers.flatMap((customer) => many(20, (index) => customer.track(`single-${index % 10}`))),
  ]);
  expect(answers.filter((answer) => typeof answer === 'string')).toEqual([]);
  // Three batches of forty, each twice; ten single uses, each twice.
  expect(await Promise.all(customers.map(usedBy))).toEqual([34, 34, 34, 34, 34]);
});

test('what was used stays used when the plan changes within a period', async () => {
  const customer = await subscriberNamed('changes-plan');
  await customer.track('one', { amount: 80 });
  await customer.changePlan('team-monthly', 2);
  expect((await customer.feature('exports')).usage).toMatchObject({ used: 80, amount: null });
  await customer.changePlan('pro-monthly');
  expect((await customer.feature('exports')).usage).toMatchObject({ used: 80, remaining: 20 });
  expect(await customer.track('one', { amount: 80 })).toMatchObject({ outcome: 'REPEATED' });
});

test('another interval begins no quota anew, however often it is changed', async () => {
  const customer = await subscriberNamed('changes-interval');
  await customer.track('one', { amount: 80 });
  for (const price of ['pro-yearly', 'pro-monthly', 'pro-yearly']) {
    await customer.changePlan(price);
    expect((await customer.feature('exports')).usage).toMatchObject({ used: 80, remaining: 20 });
  }
});

test('a use that was counted in the period before is not counted in the next one', async () => {
  const own = await harness.newMerchant('Next period');
  await apply(harness, own, smallCatalog);
  const customer = await openCustomer(harness, 'next', own);
  await customer.buy('pro-monthly');
  await customer.track('one', { amount: 7 });
  await advance(harness, own, 32 * 86_400);
  expect(await customer.track('one', { amount: 7 })).toMatchObject({ outcome: 'REPEATED', usage: { used: 0 } });
});

test('a use of a customer that was deleted meanwhile is not counted', async () => {
  const customer = await customerNamed('gone');
  const { rowCount } = await harness.database.db.execute(sql`delete from customers where id = ${customer.id}`);
  expect(rowCount).toBe(1);
  expect(await customer.track('one')).toBe('NOT_FOUND');
});

test('a thousand events are recorded in time, however many customers there are', async () => {
  const big = await createHarnessForTest();
  await apply(big, big.merchant, smallCatalog);
  await big.database.db.execute(sql`
    insert into customers (merchant_id, environment, id, external_user_id, source, created_at)
    select ${big.merchant.id}, 'test', 'cus_0' || lpad(n::text, 25, '0'), 'user-' || n, 'import', now()
    from generate_series(1, 30000) as n`);
  await big.database.db.execute('analyze customers');
  const events = many(1_000, (index) => ({
    customer: { externalUserId: `user-${index * 30 + 1}` },
    featureKey: 'exports',
    idempotencyKey: 'one',
  }));
  expect((await ask(big, { credential: big.merchant.secretKey }, recordUsage, { events })).recordedCount).toBe(1_000);
});
