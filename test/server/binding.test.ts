import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHarness, type Harness, type TestMerchant } from '../support/harness.ts';
import { importCustomers } from '../support/import.ts';

let harness: Harness;
let merchant: TestMerchant;

beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.stop());

/** Each test has a merchant of its own, so that the addresses of others do not count. */
async function openWith(emails: Record<string, string | null>) {
  merchant = await harness.newMerchant('Merchant');
  return importCustomers(harness, merchant, emails);
}

const mutation = `mutation ($input: CreateSessionInput!) {
  createSession(input: $input) { bindOutcome unresolvedCustomers sessionToken customer { id externalUserId email } }
}`;

async function createSession(input: Record<string, unknown>) {
  const { data, errors } = await harness.graphql(merchant.secretKey, mutation, { input });
  expect(errors).toEqual([]);
  return data?.['createSession'];
}

interface UnresolvedNode {
  readonly bucket: string;
  readonly reason: string;
  readonly customer: { readonly stripeCustomerId: string };
}

async function unresolved() {
  const query = '{ unresolvedCustomers { edges { node { bucket reason customer { stripeCustomerId } } } } }';
  const { data } = await harness.graphql(merchant.secretKey, query);
  const edges: readonly { readonly node: UnresolvedNode }[] = data?.['unresolvedCustomers'].edges;
  return Object.fromEntries(
    edges.map(({ node: { bucket, reason, customer } }) => [customer.stripeCustomerId, `${bucket} ${reason}`]),
  );
}

describe('BOUND', () => {
  test('the first session with the address of exactly one unbound customer binds it', async () => {
    const { cus_ada } = await openWith({ cus_ada: 'ada@x.com', cus_bob: 'bob@x.com' });
    const session = await createSession({ externalUserId: 'ada', email: 'ada@x.com' });
    expect(session).toMatchObject({ bindOutcome: 'BOUND', customer: { id: cus_ada, externalUserId: 'ada' } });
    expect(session.unresolvedCustomers).toBe(1);
  });

  test('the ASCII case of an address and the spaces around it make no difference', async () => {
    const { cus_ada } = await openWith({ cus_ada: 'Ada@X.com' });
    const session = await createSession({ externalUserId: 'ada', email: ' aDA@x.COM ' });
    expect(session).toMatchObject({ bindOutcome: 'BOUND', customer: { id: cus_ada, email: 'Ada@X.com' } });
  });
});

test('the customer of a user that is known stays the same, whatever the address says', async () => {
  const { cus_ada } = await openWith({ cus_ada: 'ada@x.com', cus_bob: 'bob@x.com' });
  await createSession({ externalUserId: 'ada', email: 'ada@x.com' });
  const again = await createSession({ externalUserId: 'ada', email: 'bob@x.com' });
  expect(again).toMatchObject({ bindOutcome: 'ALREADY_BOUND', customer: { id: cus_ada } });
  expect(await unresolved()).toEqual({ cus_bob: 'PENDING AWAITS_SESSION' });
});

test('an address that no unbound customer has makes a customer of its own', async () => {
  await openWith({ cus_ada: 'ada@x.com' });
  const session = await createSession({ externalUserId: 'eve', email: 'eve@x.com' });
  expect(session).toMatchObject({ bindOutcome: 'NO_MATCH', customer: { externalUserId: 'eve', email: 'eve@x.com' } });
});

test('no address binds nobody', async () => {
  await openWith({ cus_none: null });
  expect(await createSession({ externalUserId: 'ada' })).toMatchObject({ bindOutcome: 'NO_EMAIL' });
  expect(await unresolved()).toEqual({ cus_none: 'NEEDS_ATTENTION NO_EMAIL' });
});

describe('EMAIL_NOT_VERIFIED', () => {
  test('an address that was not verified binds nobody, and takes nothing from whose it is', async () => {
    const { cus_ada } = await openWith({ cus_ada: 'ada@x.com' });
    const eve = await createSession({ externalUserId: 'eve', email: 'ada@x.com', emailVerified: false });
    expect(eve).toMatchObject({ bindOutcome: 'EMAIL_NOT_VERIFIED', customer: { email: null } });
    const ada = await createSession({ externalUserId: 'ada', email: 'ada@x.com' });
    expect(ada).toMatchObject({ bindOutcome: 'BOUND', customer: { id: cus_ada } });
  });

  test('where the merchant requires verified addresses, one of which nothing is said binds nobody', async () => {
    const { cus_ada } = await openWith({ cus_ada: 'ada@x.com' });
    await harness.rules.merchants.configure(merchant.id, { requiresVerifiedEmail: true });
    const eve = await createSession({ externalUserId: 'eve', email: 'ada@x.com' });
    expect(eve).toMatchObject({ bindOutcome: 'EMAIL_NOT_VERIFIED' });
    const ada = await createSession({ externalUserId: 'ada', email: 'ada@x.com', emailVerified: true });
    expect(ada).toMatchObject({ bindOutcome: 'BOUND', customer: { id: cus_ada } });
  });
});

describe('AMBIGUOUS', () => {
  test('of two imported customers with one address neither is bound, and both need attention', async () => {
    const imported = await openWith({ cus_1: 'ada@x.com', cus_2: 'ADA@x.com' });
    const session = await createSession({ externalUserId: 'ada', email: 'ada@x.com' });
    expect(session.bindOutcome).toBe('AMBIGUOUS');
    expect(Object.values(imported)).not.toContain(session.customer.id);
    expect(await unresolved()).toEqual({
      cus_1: 'NEEDS_ATTENTION EMAIL_COLLISION',
      cus_2: 'NEEDS_ATTENTION EMAIL_COLLISION',
    });
  });

  test('a bound customer with the address counts, too', async () => {
    await openWith({ cus_1: 'ada@x.com' });
    await createSession({ externalUserId: 'ada', email: 'ada@x.com' });
    await importCustomers(harness, merchant, { cus_2: 'ada@x.com' });
    const session = await createSession({ externalUserId: 'eve', email: 'ada@x.com' });
    expect(session.bindOutcome).toBe('AMBIGUOUS');
    expect(await unresolved()).toEqual({ cus_2: 'NEEDS_ATTENTION EMAIL_COLLISION' });
  });
});

test('a user with a customer of its own keeps it when an imported one with its address appears, and a merge makes one of them', async () => {
  merchant = await harness.newMerchant('Merchant');
  const own = (await createSession({ externalUserId: 'ada', email: 'ada@x.com' })).customer;
  const { cus_ada } = await importCustomers(harness, merchant, { cus_ada: 'ada@x.com' });
  harness.clock.advance(1_000);
  const again = await createSession({ externalUserId: 'ada', email: 'ada@x.com' });
  expect(again).toMatchObject({ bindOutcome: 'CUSTOMER_EXISTS', customer: { id: own.id } });
  expect(await unresolved()).toEqual({ cus_ada: 'NEEDS_ATTENTION CUSTOMER_EXISTS' });

  const merge =
    'mutation ($from: ID!, $into: ID!) { mergeCustomers(from: $from, into: $into, reason: "one person") { id externalUserId stripeCustomerId } }';
  const { data } = await harness.graphql(merchant.secretKey, merge, { from: own.id, into: cus_ada });
  expect(data?.['mergeCustomers']).toEqual({ id: cus_ada, externalUserId: 'ada', stripeCustomerId: 'cus_ada' });
  expect(await createSession({ externalUserId: 'ada', email: 'ada@x.com' })).toMatchObject({
    bindOutcome: 'ALREADY_BOUND',
    customer: { id: cus_ada },
    unresolvedCustomers: 0,
  });
});

test('bindCustomer gives an imported customer to an organization, whose sessions are for it then', async () => {
  const { cus_acme } = await openWith({ cus_acme: 'billing@acme.com' });
  const bind = 'mutation ($id: ID!) { bindCustomer(id: $id, identity: { externalOrganizationId: "acme" }) { id } }';
  await harness.graphql(merchant.secretKey, bind, { id: cus_acme });
  const session = await createSession({ externalUserId: 'ada', externalOrganizationId: 'acme', email: 'ada@acme.com' });
  expect(session).toMatchObject({ bindOutcome: 'ORGANIZATION', customer: { id: cus_acme } });
});

test('an organization whose user presents the address of an imported customer gets a customer of its own', async () => {
  const { cus_acme } = await openWith({ cus_acme: 'ada@acme.com' });
  const session = await createSession({ externalUserId: 'ada', externalOrganizationId: 'acme', email: 'ada@acme.com' });
  expect(session.bindOutcome).toBe('ORGANIZATION');
  expect(session.customer.id).not.toBe(cus_acme);
  expect(await unresolved()).toEqual({ cus_acme: 'PENDING AWAITS_SESSION' });
});

test('of two first sessions of one user at once one binds, and both get the same customer', async () => {
  const { cus_ada } = await openWith({ cus_ada: 'ada@x.com' });
  const input = { externalUserId: 'ada', email: 'ada@x.com' };
  const sessions = await Promise.all(Array.from({ length: 8 }, () => createSession(input)));
  expect(sessions.map(({ customer }) => customer.id)).toEqual(Array(8).fill(cus_ada));
  expect(sessions.filter(({ bindOutcome }) => bindOutcome === 'BOUND')).toHaveLength(1);
});

test('of two users who present one address at once one is bound, and the other one is told', async () => {
  const { cus_ada } = await openWith({ cus_ada: 'ada@x.com' });
  const users = Array.from({ length: 8 }, (_user, index) => ({ externalUserId: `user-${index}`, email: 'ada@x.com' }));
  const sessions = await Promise.all(users.map(createSession));
  expect(sessions.filter(({ bindOutcome }) => bindOutcome === 'BOUND').map(({ customer }) => customer.id)).toEqual([
    cus_ada,
  ]);
  expect(sessions.filter(({ customer }) => customer.id === cus_ada)).toHaveLength(1);
  expect(sessions.filter(({ bindOutcome }) => bindOutcome === 'NO_MATCH')).toHaveLength(7);
});

test('when the address changes at Stripe and the import runs again, the address is updated and whose it is stays', async () => {
  const { cus_ada } = await openWith({ cus_ada: 'ada@x.com', cus_bob: 'bob@x.com' });
  await createSession({ externalUserId: 'ada', email: 'ada@x.com' });
  await importCustomers(harness, merchant, { cus_ada: 'ada@new.com', cus_bob: null });
  const { data } = await harness.graphql(
    merchant.secretKey,
    'query ($id: ID!) { customer(by: { id: $id }) { externalUserId email } }',
    { id: cus_ada },
  );
  expect(data?.['customer']).toEqual({ externalUserId: 'ada', email: 'ada@new.com' });
  expect(await unresolved()).toEqual({ cus_bob: 'NEEDS_ATTENTION NO_EMAIL' });
});

test('a session is issued although binding fails, whatever the reason', async () => {
  const connection = harness.connection;
  const broken = await createHarness({ connection });
  try {
    merchant = await broken.newMerchant('Merchant');
    await importCustomers(broken, merchant, { cus_ada: 'ada@x.com' });
    await broken.database.db.execute(sql`alter table bind_attempts rename to bind_attempts_gone`);
    await broken.database.db.execute(sql`alter table merchants rename column requires_verified_email to gone`);
    const session = await createSession({ externalUserId: 'ada', email: 'ada@x.com' });
    expect(session).toMatchObject({ bindOutcome: 'FAILED', customer: { externalUserId: 'ada' } });
    expect(session.sessionToken).toMatch(/^bos_session_test_/);
  } finally {
    await broken.database.db.execute(sql`alter table bind_attempts_gone rename to bind_attempts`);
    await broken.database.db.execute(sql`alter table merchants rename column gone to requires_verified_email`);
    await broken.stop();
  }
});
