import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { openCustomer, returnUrl } from '../support/billing.ts';
import { apply, smallCatalog } from '../support/catalog.ts';
import { createHarness, createHarnessForTest, type Harness } from '../support/harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.stop());

const dayMs = 86_400_000;

async function count(table: string, { database }: Pick<Harness, 'database'> = harness): Promise<number> {
  const { rows } = await database.db.execute<{ count: number }>(`select count(*)::int as count from ${table}`);
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

test('a row that somebody holds keeps nobody waiting, and is removed in the next pass', async () => {
  const { merchant, clock, database, rules } = await createHarnessForTest();
  for (const externalUserId of ['ada', 'bob']) {
    await merchant.billingos.createSessionToken({ externalUserId, expiresIn: 60 });
  }
  clock.advance(31 * dayMs);
  const left = () => count('sessions', { database });

  await database.transaction(async (transaction) => {
    await transaction.execute(`select from sessions where external_user_id = 'ada' for update`);
    await rules.retention.clean();
    expect(await left()).toBe(1);
  });
  await rules.retention.clean();
  expect(await left()).toBe(0);
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

async function billingHarness() {
  const own = await createHarnessForTest();
  await apply(own, own.merchant, smallCatalog);
  return { own, customer: await openCustomer(own, 'ada') };
}

test('a use is known by its key for 90 days, and what was counted stays counted', async () => {
  const { own, customer } = await billingHarness();
  await customer.track('one', { amount: 2 });
  own.clock.advance(90 * dayMs - 60_000);
  await own.rules.retention.clean();
  expect(await count('usage_events', own)).toBe(1);

  const { track } = await openCustomer(own, 'ada');
  expect(await track('one', { amount: 2 })).toMatchObject({ outcome: 'REPEATED' });
  own.clock.advance(120_000);
  await own.rules.retention.clean();
  expect([await count('usage_events', own), await count('usage_totals', own)]).toEqual([0, 1]);
});

test('a page on which nothing can be paid any more is removed 30 days later, and what was bought there stays', async () => {
  const { own, customer } = await billingHarness();
  await customer.createCheckout('pro-yearly');
  await customer.buy('pro-monthly');
  await customer.own(`mutation { createPortalSession(returnUrl: "${returnUrl}") { url } }`);
  const left = () => Promise.all(['checkouts', 'simulated_portals'].map((table) => count(table, own)));

  own.clock.advance(30 * dayMs);
  await own.rules.retention.clean();
  expect(await left()).toEqual([2, 1]);
  own.clock.advance(3_660_000);
  await own.rules.retention.clean();
  expect(await left()).toEqual([2, 0]);
  own.clock.advance(dayMs);
  await own.rules.retention.clean();
  expect(await left()).toEqual([0, 0]);
  expect([await count('subscriptions', own), await count('simulated_invoices', own)]).toEqual([1, 1]);
});

test('many uses and pages are removed a thousand at a time', async () => {
  const { own, customer } = await billingHarness();
  await customer.track('one');
  await customer.createCheckout('pro-monthly');
  for (const [table, key] of [
    ['usage_events', 'idempotency_key'],
    ['checkouts', 'id'],
  ]) {
    await own.database.db.execute(
      `insert into ${table} select (jsonb_populate_record(${table}, jsonb_build_object('${key}', 'copy' || n))).*
       from ${table}, generate_series(1, 2499) as n`,
    );
  }
  own.clock.advance(91 * dayMs);
  own.statements.splice(0);
  await own.rules.retention.clean();
  for (const table of ['usage_events', 'checkouts']) {
    expect(own.statements.filter((statement) => statement.includes(`delete from "${table}"`))).toHaveLength(3);
    expect(await count(table, own)).toBe(0);
  }
});

test('a pass that takes longer than ten minutes is not joined by another one, and stopping waits for it', async () => {
  const own = await createHarnessForTest();
  await own.rules.retention.stop();
  const lock = await own.database.db.$client.connect();
  onTestFinished(() => lock.release(true));
  await lock.query('begin; lock table sessions in access exclusive mode');
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  own.statements.splice(0);

  own.rules.retention.start();
  vi.advanceTimersByTime(1_200_000);
  const stopped = own.rules.retention.stop();
  await expect(Promise.race([stopped, Promise.resolve('waits')])).resolves.toBe('waits');
  expect(own.statements.filter((text) => text.startsWith('delete from "sessions"'))).toHaveLength(1);
  await lock.query('rollback');
  await stopped;
});
