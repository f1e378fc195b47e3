import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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

    expect(created.sessionToken).toMatch(/^bos_session_test_/);
    expect(created.expiresIn).toBe(3600);
    const { data } = await graphql(created.sessionToken, viewerQuery);
    expect(data?.['viewer']).toEqual({ id: created.customer.id, externalUserId: 'ada', email: 'ada@example.com' });
    expect(data?.['currentSession']).toMatchObject({ id: created.session.id, status: 'ACTIVE' });
  });

  test('100 concurrent first calls of one user make one customer', async () => {
    const { merchant } = harness;
    const created = await Promise.all(
      Array.from({ length: 100 }, () => merchant.billingos.createSessionToken({ externalUserId: 'first' })),
    );
    expect(new Set(created.map(({ customer }) => customer.id)).size).toBe(1);
    expect(new Set(created.map(({ session }) => session.id)).size).toBe(100);
  });
});

test('a revoked session is refused, and says so', async () => {
  const { merchant, graphql } = harness;
  const { sessionToken, session } = await merchant.billingos.createSessionToken({ externalUserId: 'bob' });
  await merchant.billingos.revokeSession(session.id);
  const answer = await graphql(sessionToken, viewerQuery);
  expect(answer).toMatchObject({ status: 401, code: 'TOKEN_REVOKED' });
});
