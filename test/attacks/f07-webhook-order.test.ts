import { beforeEach, expect, test } from 'vitest';
import { createHarnessForTest, type Harness } from '../support/harness.ts';
import {
  type ConnectedStripe,
  connectStripe,
  eventOf,
  stripeCustomer,
  stripeProduct,
  stripeSubscription,
} from '../support/stripe-webhook.ts';

let harness: Harness;
let stripe: ConnectedStripe;
beforeEach(async () => {
  harness = await createHarnessForTest();
  stripe = await connectStripe(harness);
});

const created = 1_800_000_000;

const read = async (statement: string) => (await harness.database.db.execute(statement)).rows;
const names = async () => (await read('select name from customers order by name')).map(({ name }) => name);

/** Everything that an event may change, and the version of each row: writing the same over it shows. */
const everything = () =>
  Promise.all(
    ['customers', 'subscriptions', 'products', 'prices', 'stripe_events', 'deleted_customers'].map((table) =>
      read(`select xmin::text, to_jsonb(t) as row from ${table} t order by 2`),
    ),
  );

const named = (name: string, seconds: number, type = 'customer.updated') =>
  eventOf(type, stripeCustomer('cus_1', { name }), { created: seconds });

function inEveryOrder<Item>(items: readonly Item[]): Item[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, at) => inEveryOrder(items.toSpliced(at, 1)).map((rest) => [item, ...rest]));
}

test('F7 an event that comes twice changes nothing the second time', async () => {
  const events = [
    named('Ada', created, 'customer.created'),
    eventOf('customer.subscription.created', stripeSubscription('sub_1', 'cus_1')),
    eventOf('product.created', stripeProduct('prod_1')),
    eventOf('customer.deleted', stripeCustomer('cus_2')),
  ];
  await stripe.tellAll(...events);
  const before = await everything();
  await stripe.tellAll(...events);
  expect(await everything()).toEqual(before);
});

test('F7 an event that comes again after another one of its second changes nothing', async () => {
  const first = named('First', created);
  await stripe.tellAll(first, named('Second', created));
  const before = await everything();
  await stripe.tellAll(first);
  expect(await everything()).toEqual(before);
  expect(await names()).toEqual(['Second']);
});

test('F7 an event that comes twenty times at once counts once', async () => {
  const event = named('Ada', created, 'customer.created');
  expect(await Promise.all(Array.from({ length: 20 }, () => stripe.tell(event)))).toEqual(Array(20).fill(200));
  expect(await names()).toEqual(['Ada']);
  expect(await read('select event_ids from stripe_events')).toEqual([{ event_ids: [event.id] }]);
});

test('F7 of twenty changes at once the newest stays, whichever comes first', async () => {
  for (let round = 0; round < 5; round++) {
    const changes = Array.from({ length: 20 }, (_, at) => named(`${round}.${at}`, created + round * 100 + at));
    const shuffled = changes.map((change, at) => changes[(at * 7 + round) % 20] ?? change);
    expect(await Promise.all(shuffled.map(stripe.tell))).toEqual(Array(20).fill(200));
    expect(await names()).toEqual([`${round}.19`]);
  }
});

test('F7 events in any order end in the same', async () => {
  const life = [
    { name: 'Made', seconds: created, type: 'customer.created' },
    { name: 'Changed', seconds: created, type: 'customer.updated' },
    { name: 'Changed again', seconds: created + 1, type: 'customer.updated' },
  ];
  for (const [at, order] of inEveryOrder(life).entries()) {
    const object = (name: string) => stripeCustomer(`cus_x${at}`, { name });
    await stripe.tellAll(...order.map(({ name, seconds, type }) => eventOf(type, object(name), { created: seconds })));
  }
  expect(await names()).toEqual(Array(6).fill('Changed again'));
});

test('F7 what was made and changed in one second is changed, in either order', async () => {
  const made = (id: string) => eventOf('customer.created', stripeCustomer(id, { name: 'Made' }), { created });
  const changed = (id: string) => eventOf('customer.updated', stripeCustomer(id, { name: 'Changed' }), { created });
  await stripe.tellAll(made('cus_1'), changed('cus_1'), changed('cus_2'), made('cus_2'));
  expect(await names()).toEqual(['Changed', 'Changed']);
});

test('F7 a change that comes after the deletion brings nothing back', async () => {
  await stripe.tellAll(
    eventOf('customer.created', stripeCustomer('cus_1')),
    eventOf('customer.created', stripeCustomer('cus_2')),
    eventOf('customer.subscription.created', stripeSubscription('sub_2', 'cus_2')),
    eventOf('product.created', stripeProduct('prod_1')),
  );
  await stripe.tellAll(
    eventOf('customer.deleted', stripeCustomer('cus_1'), { created: created + 5 }),
    eventOf('customer.subscription.deleted', stripeSubscription('sub_2', 'cus_2', { status: 'canceled' }), {
      created: created + 5,
    }),
    eventOf('product.deleted', stripeProduct('prod_1'), { created: created + 5 }),
  );
  const before = await everything();
  for (const seconds of [created + 4, created + 5]) {
    await stripe.tellAll(
      eventOf('customer.updated', stripeCustomer('cus_1'), { created: seconds }),
      eventOf('customer.subscription.updated', stripeSubscription('sub_2', 'cus_2'), { created: seconds }),
      eventOf('product.updated', stripeProduct('prod_1'), { created: seconds }),
    );
  }
  const after = await everything();
  expect(after.slice(0, 4)).toEqual(before.slice(0, 4));
  expect(before[1]).toMatchObject([{ row: { status: 'canceled' } }]);
  expect(before[2]).toMatchObject([{ row: { is_active: false } }]);
});

test('F7 the deletion of a customer that comes first of all counts', async () => {
  await stripe.tellAll(
    eventOf('customer.deleted', stripeCustomer('cus_1'), { created: created + 5 }),
    eventOf('customer.updated', stripeCustomer('cus_1'), { created: created + 1 }),
    eventOf('customer.created', stripeCustomer('cus_1'), { created }),
  );
  expect(await names()).toEqual([]);
});

test('F7 an event that fails halfway leaves nothing, and works when Stripe sends it again', async () => {
  const event = named('Crash', created, 'customer.created');
  const before = await everything();
  await harness.database.db.execute("alter table customers add constraint crash check (name <> 'Crash')");
  const failed = await stripe.deliver(deliveryOf(event));
  expect(failed.status).toBe(500);
  expect(failed.text).not.toContain('crash');
  expect(await everything()).toEqual(before);

  await harness.database.db.execute('alter table customers drop constraint crash');
  await stripe.tellAll(event);
  expect(await names()).toEqual(['Crash']);
});

test('F7 an event that came too early was not taken, so that it counts when it comes again', async () => {
  const event = eventOf('customer.subscription.created', stripeSubscription('sub_1', 'cus_1'));
  expect(await stripe.tell(event)).toBe(409);
  expect(await read('select from stripe_events')).toEqual([]);
  await stripe.tellAll(named('Ada', created, 'customer.created'), event);
  expect(await read('select status from subscriptions')).toEqual([{ status: 'active' }]);
});

test('F7 an event whose connection to the database breaks off is one that Stripe sends again', async () => {
  const event = named('Ada', created, 'customer.created');
  const told = await harness.database.transaction(async (transaction) => {
    await transaction.execute('lock table customers in access exclusive mode');
    const telling = stripe.deliver(deliveryOf(event));
    const waiting = "select pid from pg_locks where not granted and relation = 'customers'::regclass";
    await expect.poll(async () => (await read(waiting)).length).toBeGreaterThan(0);
    await read(`select pg_terminate_backend(pid) from (${waiting}) waiting`);
    return { answer: await telling };
  });
  expect(told.answer.status).toBe(503);
  expect(await read('select from stripe_events')).toEqual([]);
  await stripe.tellAll(event);
  expect(await names()).toEqual(['Ada']);
});

function deliveryOf(event: object) {
  const body = JSON.stringify(event);
  return { body, signature: stripe.signed(body) };
}
