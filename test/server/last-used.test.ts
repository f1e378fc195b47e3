import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createHarness, createHarnessForTest, type Harness } from '../support/harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
  // From here on nothing is written unless a test says so.
  await harness.rules.lastUsed.stop();
});
afterAll(() => harness.stop());

async function createUsed() {
  const { sessionToken, session } = await harness.merchant.billingos.createSessionToken({ externalUserId: 'ada' });
  return {
    id: session.id,
    use: async () => void (await harness.graphql(sessionToken, '{ viewer { id } }')),
    lastUsedAt: async () => (await harness.merchant.billingos.session(session.id))?.lastUsedAt ?? null,
  };
}

test('the use of a session is written beside requests, not by them', async () => {
  const { use, lastUsedAt } = await createUsed();
  const before = harness.clock.now();
  await use();
  const after = harness.clock.now();
  expect(await lastUsedAt()).toBeNull();

  await harness.rules.lastUsed.write();
  const written = (await lastUsedAt())?.getTime();
  expect(written).toBeGreaterThanOrEqual(before);
  expect(written).toBeLessThanOrEqual(after);
});

test('a session’s use is written at most once a minute', async () => {
  const { use, lastUsedAt } = await createUsed();
  await use();
  await harness.rules.lastUsed.write();
  const first = await lastUsedAt();

  harness.clock.advance(58_000);
  await use();
  await harness.rules.lastUsed.write();
  expect(await lastUsedAt()).toEqual(first);

  harness.clock.advance(3_000);
  await use();
  await harness.rules.lastUsed.write();
  expect((await lastUsedAt())?.getTime()).toBeGreaterThan((first?.getTime() ?? 0) + 60_000);
});

test('the uses of many sessions are one statement', async () => {
  const sessions = await Promise.all(Array.from({ length: 20 }, createUsed));
  await Promise.all(sessions.map(({ use }) => use()));
  harness.statements.splice(0);

  await harness.rules.lastUsed.write();
  expect(harness.statements.filter((statement) => statement.startsWith('update'))).toHaveLength(1);
  for (const { lastUsedAt } of sessions) expect(await lastUsedAt()).not.toBeNull();
});

test('a session that another process writes just now holds up no other', async () => {
  const [locked, free] = [await createUsed(), await createUsed()];
  const connection = await harness.database.db.$client.connect();
  onTestFinished(() => connection.release(true));
  await locked.use();
  await free.use();
  await connection.query('begin');
  await connection.query('select from sessions where id = $1 for no key update', [locked.id]);

  await harness.rules.lastUsed.write();
  expect(await locked.lastUsedAt()).toBeNull();
  expect(await free.lastUsedAt()).not.toBeNull();
});

test('a refused token is no use', async () => {
  const { sessionToken, session } = await harness.merchant.billingos.createSessionToken({ externalUserId: 'bob' });
  await harness.merchant.billingos.revokeSession(session.id);
  await harness.graphql(sessionToken, '{ viewer { id } }');
  await harness.rules.lastUsed.write();

  expect((await harness.merchant.billingos.session(session.id))?.lastUsedAt).toBeNull();
});

test('what was not written yet is written when the service stops', async () => {
  const stopping = await createHarness({ connection: harness.connection, clock: harness.clock });
  const { sessionToken, session } = await stopping.merchant.billingos.createSessionToken({ externalUserId: 'ada' });
  await stopping.graphql(sessionToken, '{ viewer { id } }');
  await stopping.stop();

  const later = await createHarnessForTest({ connection: harness.connection, clock: harness.clock });
  const owner = { kind: 'merchant', merchantId: stopping.merchant.id, environment: 'test' } as const;
  const [found] = await later.rules.sessions.find(owner, [session.id]);
  expect(found?.lastUsedAt).toEqual(expect.any(Date));
});
