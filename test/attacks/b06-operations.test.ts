import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SessionOperation, sessionOperations } from '../../schema/operation.ts';
import { apply, smallCatalog } from '../support/catalog.ts';
import { createHarness, type Harness, send, shopOrigin, toAnswer } from '../support/harness.ts';

let harness: Harness;
let confined: { token: string; session: string; customer: string };
beforeAll(async () => {
  harness = await createHarness();
  await apply(harness, harness.merchant, smallCatalog);
  const created = await harness.merchant.billingos.createSessionToken({
    externalUserId: 'user-of-the-customer',
    externalOrganizationId: 'customer-in-clear',
    allowedOperations: [],
  });
  confined = { token: created.sessionToken, session: created.session.id, customer: created.customer.id };
});
afterAll(() => harness.stop());

/** Every way to the customer that GraphQL has. */
const ways: readonly (readonly [string, string | (() => string)])[] = [
  ['by its name', '{ viewer { id externalOrganizationId } }'],
  ['by an alias', '{ currentSession: viewer { id externalOrganizationId } }'],
  ['by an alias beside an allowed field', '{ currentSession { id } me: viewer { id externalOrganizationId } }'],
  [
    'by a fragment',
    'fragment all on Query { viewer { ...c } } fragment c on Customer { id externalOrganizationId } { ...all }',
  ],
  ['by an inline fragment', '{ ... on Query { ... { viewer { id externalOrganizationId } } } }'],
  [
    'by a directive that includes it',
    '{ currentSession { id } viewer @include(if: true) { id externalOrganizationId } }',
  ],
  ['by its id', () => `{ node(id: "${confined.customer}") { id ... on Customer { externalOrganizationId } } }`],
  [
    'by the id of the session',
    () => `{ node(id: "${confined.session}") { ... on Session { customer { id externalOrganizationId } } } }`,
  ],
  ['inside its session', '{ currentSession { customer { id externalOrganizationId } } }'],
  [
    'inside its session, by an alias',
    '{ s: currentSession { allowedOperations: customer { id externalOrganizationId } } }',
  ],
  [
    'inside its session, by a fragment',
    'fragment s on Session { customer { id externalOrganizationId } } { currentSession { ...s } }',
  ],
  [
    'inside its session, as a node',
    '{ currentSession { ... on Node { ... on Session { customer { ... on Node { id } externalOrganizationId } } } } }',
  ],
];

test.each(ways)('B6 a session without READ_CUSTOMER does not reach the customer %s', async (_way, way) => {
  const query = typeof way === 'string' ? way : way();
  const answer = await harness.graphql(confined.token, query);
  expect(answer.errors.map(({ extensions }) => extensions['code'])).toEqual(['FORBIDDEN']);
  expect(answer.text).toContain('READ_CUSTOMER');
  expect(answer.text).not.toContain(confined.customer);
  expect(answer.text).not.toContain('customer-in-clear');
});

test('B6 of several operations in a document the one that is carried out decides', async () => {
  const query =
    'query Allowed { currentSession { id } } query Denied { viewer { id externalOrganizationId } } mutation Out { endSession { customer { id externalOrganizationId } } }';
  const run = async (operationName: string) =>
    toAnswer(
      await send(harness.app, `${harness.issuers.test}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${confined.token}` },
        body: JSON.stringify({ query, operationName }),
      }),
    );
  expect((await run('Allowed')).data).toEqual({ currentSession: { id: confined.session } });
  const denied = await run('Denied');
  expect(denied.code).toBe('FORBIDDEN');
  expect(denied.text).not.toContain(confined.customer);
});

test('B6 signing out does not show the customer either, though it is allowed', async () => {
  const { sessionToken, customer } = await harness.merchant.billingos.createSessionToken({
    externalUserId: 'leaving',
    allowedOperations: [],
  });
  const answer = await harness.graphql(sessionToken, 'mutation { endSession { status customer { id } } }');
  expect(answer.code).toBe('FORBIDDEN');
  expect(answer.text).not.toContain(customer.id);
});

test('B6 what a session may do is fixed in its token: nothing that a request says adds to it', async () => {
  for (const extensions of [{ allowedOperations: ['READ_CUSTOMER'] }, { scope: '*' }]) {
    const response = await send(harness.app, `${harness.issuers.test}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${confined.token}` },
      body: JSON.stringify({ query: '{ viewer { id } }', variables: extensions, extensions }),
    });
    expect((await toAnswer(response)).code).toBe('FORBIDDEN');
  }
});

test('B6 a session with READ_CUSTOMER reaches its customer by all of these ways', async () => {
  const { sessionToken, customer, session } = await harness.merchant.billingos.createSessionToken({
    externalUserId: 'user-of-the-customer',
    externalOrganizationId: 'customer-in-clear',
    allowedOperations: ['READ_CUSTOMER'],
  });
  expect(customer.id).toBe(confined.customer);
  for (const [, way] of ways) {
    const query = typeof way === 'string' ? way : way().replaceAll(confined.session, session.id);
    const answer = await harness.graphql(sessionToken, query);
    expect(answer.errors).toEqual([]);
    expect(answer.text).toContain('customer-in-clear');
  }
});

test('B6 a session does not see what its merchant noted, nor the key that made it', async () => {
  const { sessionToken } = await harness.merchant.billingos.createSessionToken({
    externalUserId: 'noted',
    metadata: { note: 'for the merchant only' },
  });
  const query = '{ currentSession { metadata keyId m: metadata ... on Session { k: keyId } } }';
  const { data, text } = await harness.graphql(sessionToken, query);
  expect(data).toEqual({ currentSession: { metadata: null, keyId: null, m: null, k: null } });
  expect(text).not.toContain('for the merchant only');
});

test('B6 what the merchant noted about its customer is not for the customer, by whatever way and name', async () => {
  const { merchant } = harness;
  const { id } = await merchant.billingos.createCustomer({
    identity: { externalUserId: 'noted-customer' },
    metadata: { margin: 'secret note' },
  });
  const { sessionToken } = await merchant.billingos.createSessionToken({ externalUserId: 'noted-customer' });
  const noted = 'metadata stripeCustomerId source m: metadata s: stripeCustomerId';
  const nothing = { metadata: null, stripeCustomerId: null, source: null, m: null, s: null };
  const query = `{ viewer { ${noted} } currentSession { customer { ${noted} } } node(id: "${id}") { ... on Customer { ${noted} } } }`;
  const { data, text } = await harness.graphql(sessionToken, query);
  expect(data).toEqual({ viewer: nothing, currentSession: { customer: nothing }, node: nothing });
  expect(text).not.toContain('secret note');
});

/** Ways to what hangs on the customer, or to what it may do, by the operation that each needs. */
const waysByOperation: Readonly<Record<Exclude<SessionOperation, 'READ_CUSTOMER'>, readonly string[]>> = {
  READ_PRODUCTS: ['{ products { key } }', '{ viewer: products { key } }', '{ ... on Query { p: products { key } } }'],
  READ_SUBSCRIPTION: [
    '{ viewer { subscription { id } } }',
    '{ viewer { name: subscription { id } } }',
    'fragment s on Customer { subscription { id } } { currentSession { customer { ...s } } }',
    '{ node(id: "$customer") { ... on Customer { subscription { id } } } }',
    '{ node(id: "$session") { ... on Session { customer { subscription { id } } } } }',
  ],
  MANAGE_SUBSCRIPTION: [
    '{ previewPlanChange(input: { price: "pro-monthly" }) { recurringAmount } }',
    '{ viewer { id } products: previewPlanChange(input: { price: "pro-monthly" }) { recurringAmount } }',
    'mutation { changePlan(input: { price: "pro-monthly" }) { id } }',
    'mutation { trackUsage: cancelSubscription { id } }',
    'mutation { ... on Mutation { resumeSubscription { id } } }',
  ],
  READ_ENTITLEMENTS: [
    '{ viewer { entitlements { granted } } }',
    '{ viewer { feature(key: "exports") { granted } } }',
    '{ viewer { usage: feature(key: "exports") { amount } } }',
    '{ currentSession { customer { feature(key: "exports") { granted } } } }',
  ],
  READ_USAGE: [
    '{ viewer { usage(featureKey: "exports") { used } } }',
    '{ viewer { feature(key: "exports") { usage { used } } } }',
    '{ viewer { entitlements { feature { key } amount: usage { used } } } }',
  ],
  TRACK_USAGE: ['mutation { trackUsage(input: { featureKey: "exports", idempotencyKey: "$session" }) { outcome } }'],
  READ_INVOICES: [
    '{ viewer { invoices { edges { node { id } } } } }',
    '{ viewer { invoices(first: 1) { pageInfo { hasNextPage } } } }',
    '{ viewer { paymentMethods { lastFour } } }',
    '{ node(id: "$customer") { ... on Customer { subscription: paymentMethods { lastFour } } } }',
  ],
  CREATE_CHECKOUT: [
    'mutation { createCheckout(input: { price: "fonts-once", successUrl: "$shop", cancelUrl: "$shop" }) { url } }',
  ],
  OPEN_PORTAL: ['mutation { createPortalSession(returnUrl: "$shop") { url } }'],
};

describe.each(Object.entries(waysByOperation))('without %s', (operation, paths) => {
  const sessionWith = async (allowedOperations: SessionOperation[]) => {
    const { sessionToken, session, customer } = await harness.merchant.billingos.createSessionToken({
      externalUserId: 'buyer',
      allowedOperations,
    });
    const write = (way: string) =>
      way.replace('$customer', customer.id).replace('$session', session.id).replaceAll('$shop', shopOrigin);
    return (way: string) => harness.graphql(sessionToken, write(way));
  };

  test('B6 a session is refused whatever needs it, by whatever way and name', async () => {
    const ask = await sessionWith(sessionOperations.filter((one) => one !== operation));
    for (const way of paths) {
      const { code, errors, data } = await ask(way);
      expect({ way, code, said: errors[0]?.message }).toEqual({
        way,
        code: 'FORBIDDEN',
        said: expect.stringContaining(`needs the operation ${operation}, `),
      });
      expect(JSON.stringify(data)).not.toMatch(
        /"(used|granted|url|lastFour|outcome|recurringAmount|hasNextPage)":[^n]/,
      );
    }
  });

  test('B6 a session is not refused with it', async () => {
    const ask = await sessionWith(['READ_CUSTOMER', 'READ_ENTITLEMENTS', operation as SessionOperation]);
    for (const way of paths) expect([undefined, 'CONFLICT'], way).toContain((await ask(way)).code);
  });
});

test('B6 every operation has its ways here', () => {
  expect(['READ_CUSTOMER', ...Object.keys(waysByOperation)].toSorted()).toEqual(sessionOperations.toSorted());
});
