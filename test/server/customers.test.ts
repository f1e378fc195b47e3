import { type SQL, sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createHarness, createHarnessForTest, type Harness, sdkFor, type TestMerchant } from '../support/harness.ts';
import { importCustomers } from '../support/import.ts';

let harness: Harness;
let merchant: TestMerchant;

beforeAll(async () => {
  harness = await createHarness();
  merchant = harness.merchant;
});
afterAll(() => harness.stop());

const fields = 'id externalUserId externalOrganizationId email name stripeCustomerId source metadata';

/** The data of one root field; a code when it fails. */
async function ask(text: string, variables: object = {}, secretKey = merchant.secretKey) {
  const { data, code } = await harness.graphql(secretKey, text, variables);
  return code ?? Object.values(data ?? {})[0];
}

const create = (input: object) =>
  ask(`mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) { ${fields} } }`, { input });
const update = (id: string, input: object) =>
  ask(`mutation ($id: ID!, $input: UpdateCustomerInput!) { updateCustomer(id: $id, input: $input) { ${fields} } }`, {
    id,
    input,
  });
const remove = (id: string) => ask('mutation ($id: ID!) { deleteCustomer(id: $id) { deletedId } }', { id });
const customer = (by: object) => ask(`query ($by: CustomerBy!) { customer(by: $by) { ${fields} } }`, { by });
const relink = (id: string, identity: object) =>
  ask(
    `mutation ($id: ID!, $identity: ExternalIdentityInput!) {
      relinkCustomer(id: $id, identity: $identity, reason: "account changed hands") { ${fields} } }`,
    { id, identity },
  );
const bind = (id: string, identity: object) =>
  ask(
    `mutation ($id: ID!, $identity: ExternalIdentityInput!) { bindCustomer(id: $id, identity: $identity) { ${fields} } }`,
    {
      id,
      identity,
    },
  );
const merge = (from: string, into: string) =>
  ask(
    `mutation ($from: ID!, $into: ID!) { mergeCustomers(from: $from, into: $into, reason: "same person") { ${fields} } }`,
    {
      from,
      into,
    },
  );
const explain = (customerId: string) =>
  ask(
    `query ($customerId: ID!) { explainBinding(customerId: $customerId) {
      customer { id } unresolved { bucket reason }
      attempts { outcome externalUserId email emailVerified candidates otherCustomerId keyId reason } } }`,
    { customerId },
  );
const tokenFor = async (input: { externalUserId: string; email?: string }) =>
  (await merchant.billingos.createSessionToken(input)).sessionToken;
const viewer = async (token: string) => {
  const { data, code } = await harness.graphql(token, '{ viewer { id } }');
  return code ?? data?.['viewer'].id;
};

test('a customer is created before its first session, and that session is for it', async () => {
  const made = await create({ identity: { externalUserId: 'ada' }, email: 'ada@x.com', metadata: { plan: 'old' } });
  expect(made).toMatchObject({ externalUserId: 'ada', email: 'ada@x.com', source: 'API', metadata: { plan: 'old' } });
  const { customer: of } = await merchant.billingos.createSessionToken({ externalUserId: 'ada' });
  expect(of.id).toBe(made.id);
});

test('the same creation again gives the same customer, and another one of that user is a conflict', async () => {
  const input = { identity: { externalOrganizationId: 'acme' }, name: 'Acme' };
  const made = await create(input);
  expect(await create(input)).toEqual(made);
  expect(await create({ ...input, name: 'Another' })).toBe('CONFLICT');
});

test('a customer is found by each of its names, and by none of another merchant', async () => {
  const { cus_find } = await importCustomers(harness, merchant, { cus_find: 'find@x.com' });
  await bind(cus_find ?? '', { externalUserId: 'find' });
  for (const by of [{ id: cus_find }, { externalUserId: 'find' }, { stripeCustomerId: 'cus_find' }]) {
    expect(await customer(by)).toMatchObject({ id: cus_find });
    const query = 'query ($by: CustomerBy!) { customer(by: $by) { id } }';
    expect(await ask(query, { by }, harness.rival.secretKey)).toBeNull();
  }
});

test('an update changes what is given, takes away what is null, and leaves the rest', async () => {
  const { id } = await create({ identity: { externalUserId: 'upd' }, email: 'upd@x.com', name: 'Upd' });
  expect(await update(id, { name: null, metadata: { a: 1 } })).toMatchObject({
    email: 'upd@x.com',
    name: null,
    metadata: { a: 1 },
  });
  expect(await update(id, {})).toMatchObject({ email: 'upd@x.com', metadata: { a: 1 } });
});

test('customers are listed by address as binding compares it, by source, and by whether they are somebody’s', async () => {
  const other = await harness.newMerchant('Lister');
  await importCustomers(harness, other, { cus_a: 'A@x.com', cus_b: 'b@x.com' });
  await other.billingos.createSessionToken({ externalUserId: 'a', email: 'a@x.com' });
  const query =
    'query ($filter: CustomerFilter) { customers(filter: $filter) { edges { node { stripeCustomerId } } } }';
  const idsFor = async (filter: object) => {
    const { edges } = await ask(query, { filter }, other.secretKey);
    return edges.map(({ node }: { node: { stripeCustomerId: string } }) => node.stripeCustomerId);
  };
  expect(await idsFor({ email: ' a@X.COM' })).toEqual(['cus_a']);
  expect(await idsFor({ email: 'a_x.com' })).toEqual([]);
  expect(await idsFor({ bound: false })).toEqual(['cus_b']);
  expect((await idsFor({ source: 'IMPORT' })).toSorted()).toEqual(['cus_a', 'cus_b']);
});

test('a deleted customer’s sessions end at once, and its user begins anew', async () => {
  const token = await tokenFor({ externalUserId: 'del' });
  const id = await viewer(token);
  expect(await remove(id)).toEqual({ deletedId: id });
  expect(await viewer(token)).toBe('TOKEN_REVOKED');
  expect(await customer({ id })).toBeNull();
  expect(await remove(id)).toEqual({ deletedId: null });
  expect(await viewer(await tokenFor({ externalUserId: 'del' }))).not.toBe(id);
});

test('no import brings back a customer that was deleted here, and no address finds it', async () => {
  const { cus_gone } = await importCustomers(harness, merchant, { cus_gone: 'gone@x.com' });
  await remove(cus_gone ?? '');
  await importCustomers(harness, merchant, { cus_gone: 'gone@x.com' });
  expect(await customer({ stripeCustomerId: 'cus_gone' })).toBeNull();
  const { bindOutcome } = await merchant.billingos.createSessionToken({ externalUserId: 'g', email: 'gone@x.com' });
  expect(bindOutcome).toBe('NO_MATCH');
});

test('of two concurrent binds of one customer one wins, the other is a conflict, and the winner’s may be repeated', async () => {
  const { cus_race: id = '' } = await importCustomers(harness, merchant, { cus_race: 'race@x.com' });
  const users = Array.from({ length: 6 }, (_user, index) => ({ externalUserId: `race-${index}` }));
  const results = await Promise.all(users.map((identity) => bind(id, identity)));
  const winners = results.filter((result) => result !== 'CONFLICT');
  expect(winners).toHaveLength(1);
  const [{ externalUserId }] = winners;
  expect(await bind(id, { externalUserId })).toMatchObject({ id });
});

test('a customer cannot be bound to a user who has one', async () => {
  const { cus_taken: id = '' } = await importCustomers(harness, merchant, { cus_taken: null });
  await tokenFor({ externalUserId: 'taken' });
  expect(await bind(id, { externalUserId: 'taken' })).toBe('CONFLICT');
});

test('after a relink nobody who had the customer before sees it, in any process', async () => {
  const other = await createHarnessForTest({ connection: harness.connection, clock: harness.clock });
  const elsewhere = (input: { externalUserId: string }) =>
    other.graphql(
      merchant.secretKey,
      `mutation ($input: CreateSessionInput!) { createSession(input: $input) { customer { id } } }`,
      { input },
    );
  const token = await tokenFor({ externalUserId: 'before' });
  const id = await viewer(token);
  // Both processes have it in memory now.
  expect((await elsewhere({ externalUserId: 'before' })).data?.['createSession'].customer.id).toBe(id);

  expect(await relink(id, { externalUserId: 'after' })).toMatchObject({ id, externalUserId: 'after' });
  expect(await viewer(token)).toBe('TOKEN_REVOKED');
  expect(await viewer(await tokenFor({ externalUserId: 'before' }))).not.toBe(id);
  expect((await elsewhere({ externalUserId: 'before' })).data?.['createSession'].customer.id).not.toBe(id);
  expect((await elsewhere({ externalUserId: 'after' })).data?.['createSession'].customer.id).toBe(id);
});

test('a session that comes while a customer is given to somebody else is for whom it belongs to then', async () => {
  const id = await viewer(await tokenFor({ externalUserId: 'hand-over' }));
  // This process has never seen the user.
  const cold = await createHarnessForTest({ connection: harness.connection, clock: harness.clock });
  const { session } = await whileHeld(sql`update customers set external_user_id = 'new-hands' where id = ${id}`, () =>
    sdkFor(cold.app, merchant.secretKey).createSessionToken({ externalUserId: 'hand-over' }),
  );
  expect(session.customer.id).not.toBe(id);
});

test('a session that comes while its customer is deleted is for a new one', async () => {
  const id = await viewer(await tokenFor({ externalUserId: 'leaving' }));
  const cold = await createHarnessForTest({ connection: harness.connection, clock: harness.clock });
  const { session } = await whileHeld(sql`delete from customers where id = ${id}`, () =>
    sdkFor(cold.app, merchant.secretKey).createSessionToken({ externalUserId: 'leaving' }),
  );
  expect(session.customer.id).not.toBe(id);
});

test('an import that meets a customer while that is deleted does not bring it back', async () => {
  const { cus_now: id } = await importCustomers(harness, merchant, { cus_now: 'now@x.com' });
  const { environment, id: merchantId } = merchant;
  await whileHeld(
    sql`with gone as (delete from customers where id = ${id} returning 1)
      insert into deleted_customers values (${merchantId}, ${environment}, 'cus_now', now())`,
    () => importCustomers(harness, merchant, { cus_now: 'changed@x.com' }),
  );
  expect(await customer({ stripeCustomerId: 'cus_now' })).toBeNull();
});

/** Does something while the statement is done and not committed, as soon as that something waits for it. */
async function whileHeld<Result>(statement: SQL, work: () => Promise<Result>): Promise<Result> {
  const { db } = harness.database;
  const started = await db.transaction(async (transaction) => {
    await transaction.execute(statement);
    const result = work();
    await vi.waitFor(async () => {
      const { rows } = await db.execute(
        sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      expect(rows).toHaveLength(1);
    });
    return { result };
  });
  return started.result;
}

test('a relink needs a reason, a bound customer, and somebody who has none', async () => {
  const { cus_free: free = '' } = await importCustomers(harness, merchant, { cus_free: null });
  expect(await relink(free, { externalUserId: 'x' })).toBe('CONFLICT');
  const id = await viewer(await tokenFor({ externalUserId: 'rel-1' }));
  await tokenFor({ externalUserId: 'rel-2' });
  expect(await relink(id, { externalUserId: 'rel-2' })).toBe('CONFLICT');
  const silent =
    'mutation ($id: ID!) { relinkCustomer(id: $id, identity: { externalUserId: "y" }, reason: "") { id } }';
  expect(await ask(silent, { id })).toBe('INVALID_INPUT');
});

test('a merge keeps one customer with what both had, ends the other one’s sessions, and may be repeated', async () => {
  const token = await tokenFor({ externalUserId: 'mer', email: 'own@x.com' });
  const own = await viewer(token);
  const { cus_mer: imported = '' } = await importCustomers(harness, merchant, { cus_mer: 'mer@x.com' });
  const merged = await merge(own, imported);
  expect(merged).toMatchObject({
    id: imported,
    externalUserId: 'mer',
    stripeCustomerId: 'cus_mer',
    email: 'mer@x.com',
  });
  expect(await merge(own, imported)).toEqual(merged);
  const twins = await importCustomers(harness, merchant, { cus_twin: null });
  const twin = await viewer(await tokenFor({ externalUserId: 'twin' }));
  const [one, other] = await Promise.all([merge(twin, twins['cus_twin'] ?? ''), merge(twin, twins['cus_twin'] ?? '')]);
  expect(one).toMatchObject({ externalUserId: 'twin' });
  expect(other).toEqual(one);
  expect(await viewer(token)).toBe('TOKEN_REVOKED');
  expect(await viewer(await tokenFor({ externalUserId: 'mer' }))).toBe(imported);
});

test('what contradicts itself is not merged', async () => {
  const { cus_m1: one = '', cus_m2: two = '' } = await importCustomers(harness, merchant, {
    cus_m1: null,
    cus_m2: null,
  });
  expect(await merge(one, two)).toBe('CONFLICT');
  expect(await merge(one, one)).toBe('CONFLICT');
  const [ada, bob] = [
    await viewer(await tokenFor({ externalUserId: 'm-a' })),
    await viewer(await tokenFor({ externalUserId: 'm-b' })),
  ];
  expect(await merge(ada, bob)).toBe('CONFLICT');
  expect(await merge(ada, 'cus_00000000000000000000000000')).toBe('NOT_FOUND');
});

test('the ledger tells how a customer came to be whose it is', async () => {
  const { cus_led: id = '' } = await importCustomers(harness, merchant, { cus_led: 'led@x.com' });
  expect((await explain(id)).unresolved).toEqual({ bucket: 'PENDING', reason: 'AWAITS_SESSION' });
  await merchant.billingos.createSessionToken({ externalUserId: 'early', email: 'led@x.com', emailVerified: false });
  await merchant.billingos.createSessionToken({ externalUserId: 'led', email: 'LED@x.com' });
  await relink(id, { externalUserId: 'led-2' });
  const { unresolved, attempts } = await explain(id);
  expect(unresolved).toBeNull();
  expect(attempts).toMatchObject([
    { outcome: 'RELINKED', externalUserId: 'led-2', reason: 'account changed hands', keyId: merchant.keyId },
    { outcome: 'BOUND', externalUserId: 'led', email: 'LED@x.com', emailVerified: null, candidates: 1 },
    { outcome: 'EMAIL_NOT_VERIFIED', externalUserId: 'early', emailVerified: false },
  ]);
});
