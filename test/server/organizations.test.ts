import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHarness, type Harness } from '../support/harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.stop());

const create = (externalUserId: string, externalOrganizationId?: string) =>
  harness.merchant.billingos.createSessionToken({
    externalUserId,
    externalOrganizationId,
    email: `${externalUserId}@example.com`,
  });

test('members of an organization share its customer, and each acts as who they are', async () => {
  const [ada, bob] = [await create('ada', 'acme'), await create('bob', 'acme')];

  expect(ada.customer).toMatchObject({ externalOrganizationId: 'acme', externalUserId: null, email: null });
  expect(bob.customer.id).toBe(ada.customer.id);
  const { data } = await harness.graphql(
    bob.sessionToken,
    '{ viewer { externalOrganizationId } currentSession { externalUserId } }',
  );
  expect(data).toEqual({ viewer: { externalOrganizationId: 'acme' }, currentSession: { externalUserId: 'bob' } });
});

test('a user is another customer than their organization, and than an organization of the same name', async () => {
  const [asMember, alone, asOrganization] = [
    await create('ada', 'acme'),
    await create('ada'),
    await create('x', 'ada'),
  ];

  expect(new Set([asMember, alone, asOrganization].map(({ customer }) => customer.id)).size).toBe(3);
  expect(alone.customer).toMatchObject({ externalUserId: 'ada', externalOrganizationId: null });
});

test('100 concurrent first calls of one organization make one customer', async () => {
  const created = await Promise.all(Array.from({ length: 100 }, (_, index) => create(`user${index}`, 'crowd')));
  expect(new Set(created.map(({ customer }) => customer.id)).size).toBe(1);
});
