import { eq } from 'drizzle-orm';
import { beforeEach, expect, test } from 'vitest';
import { prices, products, subscriptions } from '../../server/database/tables.ts';
import { createHarnessForTest, type Harness, send } from '../support/harness.ts';
import { importCustomers, ownerOf, sourceOf } from '../support/import.ts';
import {
  type ConnectedStripe,
  connectStripe,
  eventOf,
  stripeCustomer,
  stripePrice,
  stripeProduct,
  stripeSubscription,
} from '../support/stripe-webhook.ts';

let harness: Harness;
let stripe: ConnectedStripe;
beforeEach(async () => {
  harness = await createHarnessForTest();
  stripe = await connectStripe(harness);
});

const caller = () => ({ kind: 'merchant', ...ownerOf(harness.merchant) }) as const;
const customer = (stripeCustomerId: string) =>
  harness.rules.customers.findBy(caller(), { kind: 'stripe', stripeCustomerId });
const customerOfUser = (externalUserId: string) =>
  harness.rules.customers.findBy(caller(), { kind: 'user', externalUserId });
const rowsOf = (table: typeof products | typeof prices | typeof subscriptions) =>
  harness.database.db.select().from(table).where(eq(table.merchantId, harness.merchant.id));

/** Imports a customer and binds it to the user by a session. */
async function bindCustomer(stripeCustomerId: string, externalUserId: string) {
  await importCustomers(harness, harness.merchant, { [stripeCustomerId]: `${stripeCustomerId}@example.com` });
  return harness.merchant.billingos.createSessionToken({
    externalUserId,
    email: `${stripeCustomerId}@example.com`,
    emailVerified: true,
  });
}

test('a customer that is made at Stripe is here, and waits for its user', async () => {
  await stripe.tellAll(eventOf('customer.created', stripeCustomer('cus_1', { metadata: { plan: 'gold' } })));
  expect(await customer('cus_1')).toMatchObject({
    email: 'cus_1@example.com',
    name: 'Name of cus_1',
    metadata: { plan: 'gold' },
    source: 'import',
    externalUserId: null,
  });
  expect(await harness.rules.unresolved.count(ownerOf(harness.merchant))).toBe(1);
});

test('a customer that changes at Stripe changes here, and keeps its id and its user', async () => {
  await bindCustomer('cus_1', 'ada');
  const before = await customer('cus_1');
  await stripe.tellAll(eventOf('customer.updated', stripeCustomer('cus_1', { name: 'Ada', email: 'new@example.com' })));
  expect(await customer('cus_1')).toEqual({ ...before, name: 'Ada', email: 'new@example.com' });
});

test('a customer that was deleted here is not brought back by an event', async () => {
  const { cus_1: id = '' } = await importCustomers(harness, harness.merchant, { cus_1: null });
  await harness.rules.customers.remove(caller(), id);
  await stripe.tellAll(
    eventOf('customer.updated', stripeCustomer('cus_1')),
    eventOf('customer.subscription.created', stripeSubscription('sub_1', 'cus_1')),
  );
  expect(await customer('cus_1')).toBeNull();
  expect(await rowsOf(subscriptions)).toEqual([]);
  expect(harness.logLines.filter((line) => line.includes('"level":40'))).toEqual([]);
});

test('a customer that Stripe deletes is removed when nobody knows whose it is', async () => {
  await stripe.tellAll(
    eventOf('customer.created', stripeCustomer('cus_1')),
    eventOf('customer.subscription.created', stripeSubscription('sub_1', 'cus_1')),
  );
  expect(await harness.rules.unresolved.count(ownerOf(harness.merchant))).toBe(1);
  await stripe.tellAll(eventOf('customer.deleted', stripeCustomer('cus_1'), { created: 1_800_000_009 }));
  expect(await customer('cus_1')).toBeNull();
  expect(await rowsOf(subscriptions)).toEqual([]);
  expect(await harness.rules.unresolved.count(ownerOf(harness.merchant))).toBe(0);
});

test('a bound customer that Stripe deletes keeps its user and its sessions, and loses its Stripe id', async () => {
  const { sessionToken } = await bindCustomer('cus_1', 'ada');
  const before = await customer('cus_1');
  await stripe.tellAll(
    eventOf('customer.subscription.created', stripeSubscription('sub_1', 'cus_1')),
    eventOf('customer.deleted', stripeCustomer('cus_1')),
  );

  expect(await customer('cus_1')).toBeNull();
  expect(await customerOfUser('ada')).toEqual({ ...before, stripeCustomerId: null });
  expect(await rowsOf(subscriptions)).toMatchObject([{ stripeSubscriptionId: 'sub_1', status: 'canceled' }]);
  const answer = await harness.graphql(sessionToken, '{ currentSession { id } }');
  expect(answer.data).toMatchObject({ currentSession: { id: expect.any(String) } });
});

test('a customer that Stripe has deleted comes back neither by an import nor by an event', async () => {
  await stripe.tellAll(eventOf('customer.deleted', stripeCustomer('cus_1')));
  await importCustomers(harness, harness.merchant, { cus_1: null });
  await stripe.tellAll(eventOf('customer.updated', stripeCustomer('cus_1'), { created: 1_900_000_000 }));
  expect(await customer('cus_1')).toBeNull();
});

test('what Stripe says of the subscriptions of a customer that it has deleted is accepted', async () => {
  await bindCustomer('cus_1', 'ada');
  const subscription = stripeSubscription('sub_1', 'cus_1');
  await stripe.tellAll(
    eventOf('customer.subscription.created', subscription),
    eventOf('customer.deleted', stripeCustomer('cus_1')),
    eventOf('customer.subscription.updated', subscription, { created: 1_800_000_005 }),
    eventOf('customer.subscription.deleted', { ...subscription, status: 'canceled' }, { created: 1_800_000_006 }),
  );
  expect(await rowsOf(subscriptions)).toMatchObject([{ stripeSubscriptionId: 'sub_1', status: 'canceled' }]);
});

test.each(['created', 'updated', 'deleted', 'paused', 'resumed', 'pending_update_applied', 'trial_will_end'])(
  'a subscription is as the event %s has it',
  async (verb) => {
    await stripe.tellAll(eventOf('customer.created', stripeCustomer('cus_1')));
    const object = stripeSubscription('sub_1', 'cus_1', { status: 'past_due', cancel_at_period_end: true });
    await stripe.tellAll(eventOf(`customer.subscription.${verb}`, object));
    expect(await rowsOf(subscriptions)).toMatchObject([
      {
        stripeSubscriptionId: 'sub_1',
        customerId: (await customer('cus_1'))?.id,
        status: 'past_due',
        items: [{ stripePriceId: 'price_1', quantity: 1 }],
        currentPeriodEnd: new Date(1_900_000_000_000),
        cancelAtPeriodEnd: true,
      },
    ]);
  },
);

test('a subscription that comes before its customer is sent again by Stripe, and is here then', async () => {
  const event = eventOf('customer.subscription.created', stripeSubscription('sub_1', 'cus_1'));
  expect(await stripe.tell(event)).toBe(409);
  expect(await rowsOf(subscriptions)).toEqual([]);
  await stripe.tellAll(eventOf('customer.created', stripeCustomer('cus_1')), event);
  expect(await rowsOf(subscriptions)).toMatchObject([{ stripeSubscriptionId: 'sub_1' }]);
});

test('a subscription whose customer is being deleted waits for the outcome', async () => {
  await stripe.tellAll(eventOf('customer.created', stripeCustomer('cus_1')));
  const told = await harness.database.transaction(async (transaction) => {
    await transaction.execute("delete from customers where stripe_customer_id = 'cus_1'");
    const telling = stripe.tell(eventOf('customer.subscription.created', stripeSubscription('sub_1', 'cus_1')));
    await expect
      .poll(async () => (await harness.database.db.execute('select from pg_locks where not granted')).rowCount)
      .toBeGreaterThan(0);
    return { telling };
  });
  expect(await told.telling).toBe(409);
});

test('a product is taken under its Stripe id, and its prices with it', async () => {
  await stripe.tellAll(
    eventOf('product.created', stripeProduct('prod_1')),
    eventOf('price.created', stripePrice('price_1', 'prod_1')),
    eventOf('price.updated', stripePrice('price_1', 'prod_1', { active: false }), { created: 1_800_000_001 }),
  );
  expect(await rowsOf(products)).toMatchObject([{ key: 'prod_1', stripeProductId: 'prod_1', isActive: true }]);
  expect(await rowsOf(prices)).toMatchObject([
    { stripePriceId: 'price_1', productKey: 'prod_1', unitAmount: '900', interval: 'month', isActive: false },
  ]);
});

test('what a price’s tiers are stays when an event does not say it', async () => {
  await stripe.tellAll(
    eventOf('product.created', stripeProduct('prod_1')),
    eventOf('price.created', stripePrice('price_1', 'prod_1', { tiers_mode: 'volume' })),
  );
  const tiers = [{ upTo: 10, unitAmount: '100', flatAmount: null }];
  await harness.database.db.update(prices).set({ tiers });
  const changed = stripePrice('price_1', 'prod_1', { tiers_mode: 'volume', active: false });
  await stripe.tellAll(eventOf('price.updated', changed, { created: 1_800_000_001 }));
  expect(await rowsOf(prices)).toMatchObject([{ tiersMode: 'volume', tiers, isActive: false }]);
});

test('a subscription with a status that nobody knows is accepted, logged, and leaves what is known', async () => {
  await stripe.tellAll(
    eventOf('customer.created', stripeCustomer('cus_1')),
    eventOf('customer.subscription.created', stripeSubscription('sub_1', 'cus_1')),
    eventOf('customer.subscription.updated', stripeSubscription('sub_1', 'cus_1', { status: 'asleep' })),
  );
  expect(await rowsOf(subscriptions)).toMatchObject([{ status: 'active' }]);
  expect(harness.logLines.find((line) => line.includes('cannot be used'))).toContain('is not a status');
});

test('a product that is known under a key of the merchant’s keeps it', async () => {
  const owner = ownerOf(harness.merchant);
  const record = { kind: 'product', stripeId: 'prod_1', name: 'Old', description: null, isActive: true } as const;
  const options = { source: sourceOf([record]), sourceName: 'test', mode: 'real', productKeyOf: () => 'gold' } as const;
  await harness.rules.imports.run(owner, await harness.rules.imports.begin(owner, options), options);
  await stripe.tellAll(
    eventOf('product.updated', stripeProduct('prod_1', { name: 'New' })),
    eventOf('price.created', stripePrice('price_1', 'prod_1')),
  );
  expect(await rowsOf(products)).toMatchObject([{ key: 'gold', stripeProductId: 'prod_1', name: 'New' }]);
  expect(await rowsOf(prices)).toMatchObject([{ productKey: 'gold' }]);
});

test('a price that comes before its product is sent again by Stripe, and is here then', async () => {
  const event = eventOf('price.created', stripePrice('price_1', 'prod_1'));
  expect(await stripe.tell(event)).toBe(409);
  await stripe.tellAll(eventOf('product.created', stripeProduct('prod_1')), event);
  expect(await rowsOf(prices)).toMatchObject([{ stripePriceId: 'price_1' }]);
});

test('a product and a price that Stripe deletes stay, and are inactive', async () => {
  await stripe.tellAll(
    eventOf('product.created', stripeProduct('prod_1')),
    eventOf('product.created', stripeProduct('prod_2')),
    eventOf('price.created', stripePrice('price_1', 'prod_1')),
    eventOf('price.created', stripePrice('price_2', 'prod_1')),
    eventOf('price.deleted', stripePrice('price_1', 'prod_1')),
    eventOf('product.deleted', stripeProduct('prod_1')),
  );
  const read = async (statement: string) => (await harness.database.db.execute(statement)).rows;
  expect(await read('select stripe_price_id as id, is_active from prices order by 1')).toEqual([
    { id: 'price_1', is_active: false },
    { id: 'price_2', is_active: true },
  ]);
  expect(await read('select key, is_active from products order by 1')).toEqual([
    { key: 'prod_1', is_active: false },
    { key: 'prod_2', is_active: true },
  ]);
});

test.each([
  ['of another kind', eventOf('invoice.paid', { id: 'in_1', object: 'invoice' })],
  ['of an object without an id', eventOf('invoice.upcoming', { object: 'invoice' })],
  ['of a part of a customer', eventOf('customer.discount.created', { id: 'cus_1', object: 'discount' })],
  ['of a connected account', eventOf('customer.created', stripeCustomer('cus_1'), { account: 'acct_1' })],
])('an event %s is accepted and changes nothing', async (_what, event) => {
  const before = harness
    .requestStatements()
    .filter((statement) => /^(insert|update|delete)|insert into/.test(statement));
  await stripe.tellAll(event);
  expect(await customer('cus_1')).toBeNull();
  expect(
    harness.requestStatements().filter((statement) => /^(insert|update|delete)|insert into/.test(statement)),
  ).toEqual(before);
});

test('an object that cannot be kept is accepted and logged without what it says', async () => {
  await stripe.tellAll(eventOf('customer.created', stripeCustomer('cus_1', { name: 'N\0ame of somebody' })));
  expect(await customer('cus_1')).toBeNull();
  const line = harness.logLines.find((one) => one.includes('cannot be used'));
  expect(JSON.parse(line ?? '{}')).toMatchObject({ where: 'cus_1', type: 'customer.created' });
  expect(harness.logLines.join('')).not.toContain('of somebody');
});

test('each merchant’s account and each environment has a mirror of its own', async () => {
  const live = await harness.newMerchant('Live', 'live');
  const atLive = await connectStripe(harness, live);
  const atRival = await connectStripe(harness, harness.rival);
  await atLive.tellAll(eventOf('customer.created', stripeCustomer('cus_1'), { livemode: true }));
  await atRival.tellAll(eventOf('customer.created', stripeCustomer('cus_1')));
  expect(await customer('cus_1')).toBeNull();
  const ofLive = { kind: 'merchant', ...ownerOf(live) } as const;
  const selection = { kind: 'stripe', stripeCustomerId: 'cus_1' } as const;
  expect(await harness.rules.customers.findBy(ofLive, selection)).not.toBeNull();
  const ofTest = { ...ofLive, environment: 'test' } as const;
  expect(await harness.rules.customers.findBy(ofTest, selection)).toBeNull();
});

test('an endpoint for webhooks takes POST with a length of a megabyte at most, whatever the origin', async () => {
  const url = `http://localhost:4000/sandbox/webhooks/stripe/${harness.merchant.id}`;
  for (const method of ['GET', 'PUT', 'OPTIONS', 'DELETE']) {
    const answer = await send(harness.app, url, { method });
    expect([answer.status, answer.headers.get('allow')], method).toEqual([405, 'POST']);
  }
  const body = (bytes: number) => `"${'x'.repeat(bytes - 2)}"`;
  expect((await stripe.deliver({ body: body(1_048_577) })).status).toBe(413);
  const atTheLimit = body(1_048_576);
  expect((await stripe.deliver({ body: atTheLimit, signature: stripe.signed(atTheLimit) })).status).toBe(400);
  const withoutLength = await harness.app.fetch(new Request(url, { method: 'POST', body: '{}' }), {
    address: '203.0.113.1',
  });
  expect(withoutLength.status).toBe(411);

  const text = JSON.stringify(eventOf('customer.created', stripeCustomer('cus_1', { name: 'Zoë' })));
  const headers = { origin: 'https://attacker.example', 'content-type': 'text/plain' };
  const answer = await stripe.deliver({ body: text, signature: stripe.signed(text), headers });
  expect(answer).toMatchObject({ status: 200, text: '{"received":true}' });
  expect(answer.headers.get('content-type')).toBe('application/json');
  expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect((await customer('cus_1'))?.name).toBe('Zoë');
});

test('nothing is below or beside an endpoint for webhooks', async () => {
  for (const path of [
    'webhooks',
    'webhooks/stripe',
    `webhooks/stripe/${harness.merchant.id}/more`,
    'webhooks/other/x',
  ]) {
    expect((await send(harness.app, `http://localhost:4000/${path}`, { method: 'POST', body: '{}' })).status).toBe(404);
  }
});
