import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHarness, createHarnessForTest, type Harness } from '../support/harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.stop());

const dayMs = 86_400_000;

async function count(table: 'sessions' | 'revocations' | 'customers'): Promise<number> {
  const { rows } = await harness.database.db.execute<{ count: number }>(`select count(*)::int as count from ${table}`);
  return rows[0]?.count ?? 0;
}

test('a session and its revocation can be looked up for 30 days after its end, and then they are removed', async () => {
  const { billingos } = harness.merchant;
  const { session } = await billingos.createSessionToken({ externalUserId: 'ada', expiresIn: 60 });
  await billingos.revokeSession(session.id);

  harness.clock.advance(30 * dayMs);
  await harness.rules.retention.clean();
  expect(await billingos.session(session.id)).toMatchObject({ status: 'REVOKED' });

  harness.clock.advance(61_000);
  await harness.rules.retention.clean();
  expect(await billingos.session(session.id)).toBeNull();
  expect(await count('revocations')).toBe(1);

  // A revocation matters for as long as the longest token lives.
  harness.clock.advance(dayMs);
  await harness.rules.retention.clean();
  expect(await count('revocations')).toBe(0);
});

test('many rows are removed a thousand at a time, and what still counts stays', async () => {
  const { billingos } = harness.merchant;
  const { session } = await billingos.createSessionToken({ externalUserId: 'ada', expiresIn: 60 });
  await harness.database.db.execute(
    `insert into sessions select (jsonb_populate_record(sessions, jsonb_build_object('id', 'copy' || n))).*
     from sessions, generate_series(1, 2499) as n where id = '${session.id}'`,
  );
  harness.clock.advance(31 * dayMs);
  const kept = await billingos.createSessionToken({ externalUserId: 'ada' });
  harness.statements.splice(0);

  await harness.rules.retention.clean();
  expect(harness.statements.filter((statement) => statement.includes('"sessions" where ctid'))).toHaveLength(3);
  expect(await count('sessions')).toBe(1);
  expect(await billingos.session(kept.session.id)).toMatchObject({ status: 'ACTIVE' });
  expect(await count('customers')).toBe(1);
});

test('a stop waits for one step of a backlog, not for all of it', async () => {
  const { merchant, clock, database, rules, statements } = await createHarnessForTest();
  const { session } = await merchant.billingos.createSessionToken({ externalUserId: 'ada', expiresIn: 60 });
  await database.db.execute(
    `insert into sessions select (jsonb_populate_record(sessions, jsonb_build_object('id', 'copy' || n))).*
     from sessions, generate_series(1, 2499) as n where id = '${session.id}'`,
  );
  clock.advance(31 * dayMs);
  statements.splice(0);

  const cleaning = rules.retention.clean();
  await rules.retention.stop();
  await cleaning;
  expect(statements.filter((statement) => statement.startsWith('delete'))).toHaveLength(1);
});
