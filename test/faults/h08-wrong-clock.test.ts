import { afterAll, beforeAll, expect, test } from 'vitest';
import { whoAmI } from '../support/forge.ts';
import { createHarness, createHarnessForTest, createTestClock, type Harness } from '../support/harness.ts';
import { report } from './support/report.ts';

let right: Harness;
beforeAll(async () => {
  right = await createHarness({ timeOf: 'database' });
});
afterAll(() => right.stop());

/** Another process on the same database, whose clock is wrong by so much. */
async function processWithClock(aheadSeconds: number) {
  const clock = createTestClock();
  clock.advance(aheadSeconds * 1000);
  return createHarnessForTest({ connection: right.connection, clock, timeOf: 'database' });
}

const codeAt = async (process: Harness, token: string) => (await process.graphql(token, whoAmI)).code ?? 'ACCEPTED';

/** A token of the merchant's that ends so many seconds from now. */
async function tokenFor(seconds: number) {
  const { merchant, rules } = right;
  const { sessionToken } = await merchant.billingos.createSessionToken({ externalUserId: 'ada' });
  const claims = await rules.tokens.verify(sessionToken, 'test');
  return rules.tokens.sign({ ...claims, expiresAtSeconds: Math.floor(Date.now() / 1000) + seconds });
}

test.each([5, -5, 300, -300])('H8 a clock that is wrong by %i s shows in no answer', async (aheadSeconds) => {
  const wrong = await processWithClock(aheadSeconds);
  const createAt = (process: Harness) =>
    process.graphql(
      right.merchant.secretKey,
      'mutation { createSession(input: { externalUserId: "ada" }) { sessionToken session { id createdAt expiresAt } } }',
    );
  for (const [issuing, other] of [
    [wrong, right],
    [right, wrong],
  ] as const) {
    const { data } = await createAt(issuing);
    const { sessionToken, session } = data?.['createSession'] ?? {};
    expect(Math.abs(Date.parse(session.createdAt) - Date.now())).toBeLessThan(2_000);
    expect(Math.abs(Date.parse(session.expiresAt) - Date.now() - 3_600_000)).toBeLessThan(2_000);
    expect([await codeAt(issuing, sessionToken), await codeAt(other, sessionToken)]).toEqual(['ACCEPTED', 'ACCEPTED']);

    await other.graphql(right.merchant.secretKey, 'mutation ($id: ID!) { revokeSession(id: $id) { id } }', session);
    await expect.poll(() => codeAt(issuing, sessionToken), { interval: 20, timeout: 2_000 }).toBe('TOKEN_REVOKED');
  }
  // Its own clock would say the opposite of each.
  const [alive, over] = [await tokenFor(30), await tokenFor(-2)];
  expect([await codeAt(wrong, alive), await codeAt(wrong, over)]).toEqual(['ACCEPTED', 'TOKEN_EXPIRED']);
  report({
    fault: `H8 a clock ${Math.abs(aheadSeconds)} s ${aheadSeconds > 0 ? 'ahead' : 'behind'}`,
    figures: { 'wrong answers': 0 },
  });
});
