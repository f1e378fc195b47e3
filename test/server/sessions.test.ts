import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSession } from '../support/create-session.ts';
import { sessionOperations } from '../../schema/operation.ts';
import { createHarness, type Harness } from '../support/harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.stop());

const viewerQuery = '{ viewer { id externalUserId email } currentSession { id status allowedOperations expiresAt } }';

describe('createSession', () => {
  test('a secret key gives a token that shows its one customer', async () => {
    const { merchant, graphql } = harness;
    const created = await merchant.billingos.createSessionToken({ externalUserId: 'ada', email: 'ada@example.com' });

    const { data } = await graphql(created.sessionToken, viewerQuery);
    expect(data?.['viewer']).toEqual({ id: created.customer.id, externalUserId: 'ada', email: 'ada@example.com' });
    expect(data?.['currentSession']).toMatchObject({ id: created.session.id, status: 'ACTIVE' });
  });

  test('waits for a customer that is being changed, and lets nobody else wait', async () => {
    const { billingos } = harness.merchant;
    const { customer } = await billingos.createSessionToken({ externalUserId: 'locked' });
    await billingos.createSessionToken({ externalUserId: 'free' });
    const lock = await harness.database.db.$client.connect();
    await lock.query('begin');
    await lock.query('select from customers where id = $1 for update', [customer.id]);
    let isIssued = false;
    const waiting = billingos.createSessionToken({ externalUserId: 'locked' }).finally(() => (isIssued = true));
    expect((await billingos.createSessionToken({ externalUserId: 'free' })).customer.externalUserId).toBe('free');
    expect(isIssued).toBe(false);
    await lock.query('rollback');
    lock.release();
    expect((await waiting).customer.id).toBe(customer.id);
  });

  test('the answer says what was issued, for whom, and until when', async () => {
    const { merchant, clock } = harness;
    const before = clock.now();
    const created = await merchant.billingos.createSessionToken({
      externalUserId: 'grace',
      email: 'grace@example.com',
      expiresIn: 120,
      allowedOperations: ['READ_CUSTOMER'],
      metadata: { ip: '203.0.113.7' },
    });

    expect(created).toMatchObject({
      sessionToken: expect.stringMatching(/^bos_session_test_/),
      expiresIn: 120,
      session: {
        id: expect.stringMatching(/^ses_/),
        status: 'ACTIVE',
        environment: 'TEST',
        externalUserId: 'grace',
        allowedOperations: ['READ_CUSTOMER'],
        metadata: { ip: '203.0.113.7' },
        keyId: merchant.keyId,
        expiresAt: created.expiresAt,
        revokedAt: null,
        lastUsedAt: null,
      },
      customer: { id: expect.stringMatching(/^cus_/), externalUserId: 'grace', email: 'grace@example.com' },
    });
    expect(created.expiresAt.getTime() % 1_000).toBe(0);
    expect(created.expiresAt.getTime()).toBeGreaterThan(before + 118_000);
    expect(created.expiresAt.getTime()).toBeLessThanOrEqual(clock.now() + 120_000);
  });

  test('a session lasts an hour, may do everything and notes nothing when nothing is said', async () => {
    const created = await harness.merchant.billingos.createSessionToken({ externalUserId: 'grace' });
    expect(created).toMatchObject({
      expiresIn: 3_600,
      session: { allowedOperations: sessionOperations, metadata: {} },
    });
  });

  test('a session may do what it was given, each thing once', async () => {
    const { merchant, graphql } = harness;
    const { data } = await createSession(harness, 'variables', {
      externalUserId: 'grace',
      allowedOperations: ['READ_CUSTOMER', 'READ_CUSTOMER'],
    });
    const session = await merchant.billingos.session(data?.['createSession'].session.id);
    expect(session?.allowedOperations).toEqual(['READ_CUSTOMER']);

    const { sessionToken } = await merchant.billingos.createSessionToken({
      externalUserId: 'x',
      allowedOperations: [],
    });
    expect(await graphql(sessionToken, '{ viewer { id } }')).toMatchObject({ status: 403, code: 'FORBIDDEN' });
    expect(await graphql(sessionToken, '{ currentSession { id customer { id } } }')).toMatchObject({
      code: 'FORBIDDEN',
    });
    expect((await graphql(sessionToken, '{ currentSession { allowedOperations } }')).data).toEqual({
      currentSession: { allowedOperations: [] },
    });
  });

  test('100 concurrent first calls of one user make one customer', async () => {
    const { merchant } = harness;
    const created = await Promise.all(
      Array.from({ length: 100 }, () => merchant.billingos.createSessionToken({ externalUserId: 'first' })),
    );
    expect(new Set(created.map(({ customer }) => customer.id)).size).toBe(1);
    expect(new Set(created.map(({ session }) => session.id)).size).toBe(100);
  });

  test('a customer keeps the address that it was created with', async () => {
    const { billingos } = harness.merchant;
    await billingos.createSessionToken({ externalUserId: 'joan', email: 'joan@example.com' });
    const { customer } = await billingos.createSessionToken({ externalUserId: 'joan', email: 'other@example.com' });
    expect(customer.email).toBe('joan@example.com');
  });

  test('sessions that are created together answer each with its own customer, as it is now', async () => {
    const { graphql, merchant } = harness;
    const users = ['ina', 'kim', 'lea', 'mia'];
    const known = await Promise.all(
      users.map((externalUserId) => merchant.billingos.createSessionToken({ externalUserId })),
    );
    await Promise.all(
      known.map(({ customer }, index) => merchant.billingos.updateCustomer(customer.id, { name: users[index] })),
    );

    const document = `mutation ($input: CreateSessionInput!) {
      createSession(input: $input) { sessionToken customer { id name } session { customer { id name } } }
    }`;
    const answers = await Promise.all(
      [...known, ...known].map(async ({ customer, session: { externalUserId } }) => {
        const { data } = await graphql(merchant.secretKey, document, { input: { externalUserId } });
        return { expected: { id: customer.id, name: externalUserId }, created: data?.['createSession'] };
      }),
    );
    for (const { expected, created } of answers) {
      expect(created).toMatchObject({ customer: expected, session: { customer: expected } });
      expect((await graphql(created.sessionToken, viewerQuery)).data?.['viewer'].id).toBe(expected.id);
    }
  });
});

test('a token is over at the second that it names', async () => {
  const { merchant, graphql, clock } = harness;
  const { sessionToken, expiresAt, session } = await merchant.billingos.createSessionToken({
    externalUserId: 'ada',
    expiresIn: 60,
  });
  clock.advance(expiresAt.getTime() - clock.now() - 500);
  expect(await graphql(sessionToken, viewerQuery)).toMatchObject({ status: 200 });

  clock.advance(500);
  expect(await graphql(sessionToken, viewerQuery)).toMatchObject({ status: 401, code: 'TOKEN_EXPIRED' });
  expect(await merchant.billingos.session(session.id)).toMatchObject({ status: 'EXPIRED', revokedAt: null });
});

test('a customer does not see what the merchant noted, nor which key created its session', async () => {
  const { sessionToken } = await harness.merchant.billingos.createSessionToken({
    externalUserId: 'ada',
    metadata: { riskScore: 99 },
  });
  const { data } = await harness.graphql(sessionToken, '{ currentSession { metadata keyId } }');
  expect(data).toEqual({ currentSession: { metadata: null, keyId: null } });
});
