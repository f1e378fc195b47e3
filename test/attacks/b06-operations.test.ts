import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHarness, type Harness, send, toAnswer } from '../support/harness.ts';

let harness: Harness;
let confined: { token: string; session: string; customer: string };
beforeAll(async () => {
  harness = await createHarness();
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
