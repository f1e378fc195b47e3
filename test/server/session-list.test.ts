import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Transaction } from '../../server/database/database.ts';
import { createSessionRows } from '../../server/session-rows.ts';
import { createHarness, type Harness, type TestMerchant } from '../support/harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.stop());

async function create({ billingos }: TestMerchant, count: number, externalUserId = 'ada'): Promise<string[]> {
  const ids: string[] = [];
  for (let made = 0; made < count; made++) {
    ids.push((await billingos.createSessionToken({ externalUserId })).session.id);
  }
  return ids;
}

const idsOf = (sessions: readonly { id: string }[]) => sessions.map(({ id }) => id);

describe('a list of sessions', () => {
  test('shows each session once, newest first, while new ones are created', async () => {
    const merchant = await harness.newMerchant('Acme');
    const ids = await create(merchant, 25);
    const list = merchant.billingos.listSessions();

    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await list.page({ first: 7, after });
      seen.push(...idsOf(page.sessions));
      after = page.nextCursor;
      await create(merchant, 3);
    } while (after);
    expect(seen).toEqual(ids.toSorted().toReversed());
  });

  test('says where a page ends, and whether another one follows', async () => {
    const merchant = await harness.newMerchant('Acme');
    await create(merchant, 3);
    const pageInfoOf = async (search: string) => {
      const query = `{ sessions(${search}) { edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;
      const { data } = await harness.graphql(merchant.secretKey, query);
      return data?.['sessions'];
    };

    const first = await pageInfoOf('first: 2');
    const [start, end] = idsOf(first.edges.map(({ cursor }: { cursor: string }) => ({ id: cursor })));
    expect(first.pageInfo).toEqual({ hasNextPage: true, hasPreviousPage: false, startCursor: start, endCursor: end });
    const last = await pageInfoOf(`first: 2, after: "${end}"`);
    expect(last.edges).toHaveLength(1);
    expect(last.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
    expect((await pageInfoOf(`after: "${last.pageInfo.endCursor}"`)).pageInfo).toEqual({
      hasNextPage: false,
      hasPreviousPage: true,
      startCursor: null,
      endCursor: null,
    });
  });

  test('has 20 sessions a page when nothing is said', async () => {
    const merchant = await harness.newMerchant('Acme');
    await create(merchant, 21);
    for (const argument of ['', '(first: null)']) {
      const { data } = await harness.graphql(merchant.secretKey, `{ sessions${argument} { edges { cursor } } }`);
      expect(data?.['sessions'].edges).toHaveLength(20);
    }
  });

  test.each([1, 100])('may have %i sessions a page', async (first) => {
    const { status } = await harness.graphql(
      harness.merchant.secretKey,
      `{ sessions(first: ${first}) { edges { cursor } } }`,
    );
    expect(status).toBe(200);
  });

  test.each([
    ['first: 0', 'first'],
    ['first: -1', 'first'],
    ['first: 101', 'first'],
    ['first: 2147483647', 'first'],
    ['after: "none"', 'after'],
    ['after: ""', 'after'],
    ['after: "cus_01m82xknbyewgb6764505022he"', 'after'],
    [`after: "ses_${'0'.repeat(5_000)}"`, 'after'],
    ['after: "ses_01m82xknbyewgb6764505022h%"', 'after'],
  ])('is refused for %s', async (argument, name) => {
    const { status, errors } = await harness.graphql(
      harness.merchant.secretKey,
      `{ sessions(${argument}) { edges { cursor } } }`,
    );
    expect(status).toBe(400);
    expect(errors[0]?.extensions).toMatchObject({ code: 'INVALID_INPUT', problems: [{ path: [name] }] });
  });

  test('holds what its merchant created, and nothing of another one, whatever cursor it is given', async () => {
    const [merchant, other] = [await harness.newMerchant('Acme'), await harness.newMerchant('Other')];
    const [id] = await create(merchant, 1);
    await create(other, 1);
    const [laterId] = await create(other, 1);

    const page = await merchant.billingos.listSessions().page({ after: laterId });
    expect(idsOf(page.sessions)).toEqual([id]);
  });
});

const listed = async (merchant: TestMerchant, filter: object) =>
  idsOf((await merchant.billingos.listSessions(filter).page()).sessions).toSorted();

describe('a filter', () => {
  test('by customer leaves that customer’s sessions', async () => {
    const merchant = await harness.newMerchant('Acme');
    await create(merchant, 2, 'ada');
    const ids = await create(merchant, 2, 'bob');
    const customer = (await merchant.billingos.session(ids[0] ?? ''))?.customer.id;

    expect(await listed(merchant, { customer })).toEqual(ids.toSorted());
  });

  test('by key leaves what that key created', async () => {
    const merchant = await harness.newMerchant('Acme');
    const ids = await create(merchant, 2);

    expect(await listed(merchant, { key: merchant.keyId })).toEqual(ids.toSorted());
    expect(await listed(merchant, { key: 'key_00000000000000000000000000' })).toEqual([]);
  });

  test('by activity parts the sessions that count from those that expired or were revoked, by whatever path', async () => {
    const merchant = await harness.newMerchant('Acme');
    const short = await merchant.billingos.createSessionToken({ externalUserId: 'ada', expiresIn: 60 });
    harness.clock.advance(61_000);
    const [revoked = ''] = await create(merchant, 1);
    await merchant.billingos.revokeSession(revoked);
    const [ofCustomer = ''] = await create(merchant, 1, 'bob');
    await merchant.billingos.revokeSessions({
      customer: (await merchant.billingos.session(ofCustomer))?.customer.id ?? '',
    });
    const [alive = ''] = await create(merchant, 1);

    expect(await listed(merchant, { active: true })).toEqual([alive]);
    expect(await listed(merchant, { active: false })).toEqual([short.session.id, revoked, ofCustomer].toSorted());
    expect(await listed(merchant, { active: true, key: merchant.keyId })).toEqual([alive]);
    expect(await listed(merchant, { active: null })).toHaveLength(4);
  });

  test('by activity looks at no more than a page, however many sessions there are', async () => {
    const merchant = await harness.newMerchant('Acme');
    const [id = ''] = await create(merchant, 1);
    const owner = { merchantId: merchant.id, environment: 'test' } as const;
    // One in twenty of this hour, half of them over, and the others of long ago.
    await harness.database.transaction(async (db) => {
      await db.execute('set local statement_timeout = 0');
      await db.execute(sql`insert into sessions
      (merchant_id, environment, id, customer_id, key_id, external_user_id, metadata, created_at, expires_at)
      select merchant_id, environment,
        case when number % 20 = 0 then left(id, -6) else 'ses_000000' || substr(id, 11, 14) end || lpad(number::text, 6, '0'),
        customer_id, key_id, external_user_id, metadata, created_at,
        expires_at - case when number % 40 = 0 then interval '0' else interval '2 hours' end
      from sessions, generate_series(1, 16000) as number where id = ${id} order by random()`);
    });
    await harness.database.db.execute(sql`analyze sessions`);

    /** Rows and entries of indexes that this connection has looked at. */
    const lookedAt = async (db: Transaction) => {
      const { rows } = await db.execute<{ count: number }>(sql`
        select sum(pg_stat_get_xact_tuples_returned(oid) + pg_stat_get_xact_tuples_fetched(oid))::int as count
        from pg_class where oid = 'sessions'::regclass
          or oid in (select indexrelid from pg_index where indrelid = 'sessions'::regclass)`);
      return rows[0]?.count ?? 0;
    };
    const page = () =>
      harness.database.transaction(async (db) => {
        const before = await lookedAt(db);
        const { items } = await createSessionRows({ db: db as never }).page(
          owner,
          { first: 10, after: undefined },
          { active: true },
          new Date(harness.clock.now()),
        );
        return { active: items.length, looked: (await lookedAt(db)) - before };
      });
    const busy = await page();
    expect(busy.active).toBe(10);
    expect(busy.looked).toBeLessThan(50);

    harness.clock.advance(1);
    await merchant.billingos.revokeSessions({ all: true });
    harness.clock.advance(1);
    await create(merchant, 1);
    const afterwards = await page();
    expect(afterwards.active).toBe(1);
    expect(afterwards.looked).toBeLessThan(50);
  });

  test.each([{ customer: 'none' }, { customer: '' }, { key: "' or true --" }, { customer: '%' }])(
    'by an id that names nothing leaves nothing: %j',
    async (filter) => {
      expect(await listed(harness.merchant, filter)).toEqual([]);
    },
  );

  test('by what belongs to another merchant leaves nothing', async () => {
    const { customer } = await harness.rival.billingos.createSessionToken({ externalUserId: 'eve' });
    expect(await listed(harness.merchant, { customer: customer.id })).toEqual([]);
    expect(await listed(harness.merchant, { key: harness.rival.keyId })).toEqual([]);
  });
});
