import { expect, test } from 'vitest';
import { createHarness } from '../support/harness.ts';

test('without the database every request that needs it is told to come again, with 503 and Retry-After', async () => {
  const { merchant, graphql, stop, database } = await createHarness();
  const { sessionToken } = await merchant.billingos.createSessionToken({ externalUserId: 'ada' });
  await database.close();

  for (const [credential, query] of [
    [sessionToken, '{ viewer { id } }'],
    [merchant.secretKey, '{ sessions { edges { node { id } } } }'],
    [merchant.secretKey, 'mutation { createSession(input: { externalUserId: "ada" }) { expiresIn } }'],
    [merchant.secretKey, 'mutation { createSession(input: { externalUserId: "new" }) { expiresIn } }'],
  ] as const) {
    const answer = await graphql(credential, query);
    expect(answer).toMatchObject({ status: 503, code: 'UNAVAILABLE' });
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(answer.text).not.toContain('pool');
  }
  await stop();
});
