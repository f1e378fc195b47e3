import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CreatedSession } from '../../client/node.ts';
import { createHarness, createHarnessForTest, type Harness, type TestMerchant } from '../support/harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.stop());

const codeFor = async ({ sessionToken }: CreatedSession, { graphql } = harness) =>
  (await graphql(sessionToken, '{ currentSession { id } }')).code ?? 'ACCEPTED';

/** A merchant with sessions of a user, of two members of an organization, and of another user. */
async function merchantWithSessions() {
  const merchant = await harness.newMerchant('Acme');
  const create = (externalUserId: string, externalOrganizationId?: string) =>
    merchant.billingos.createSessionToken({ externalUserId, externalOrganizationId });
  return {
    merchant,
    ada: await create('ada'),
    adaAgain: await create('ada'),
    member: await create('ada', 'acme'),
    otherMember: await create('bob', 'acme'),
    bob: await create('bob'),
  };
}

type Sessions = Awaited<ReturnType<typeof merchantWithSessions>>;
type Name = Exclude<keyof Sessions, 'merchant'>;

const everyName: readonly Name[] = ['ada', 'adaAgain', 'member', 'otherMember', 'bob'];

const revokeBy = ({ billingos }: TestMerchant, by: Parameters<typeof billingos.revokeSessions>[0]) =>
  billingos.revokeSessions(by);

describe('revoking', () => {
  test.each<[string, (sessions: Sessions) => Promise<unknown>, readonly Name[]]>([
    ['a session', ({ merchant, ada }) => merchant.billingos.revokeSession(ada.session.id), ['ada']],
    ['a customer', ({ merchant, ada }) => revokeBy(merchant, { customer: ada.customer.id }), ['ada', 'adaAgain']],
    ['an organization', ({ merchant }) => revokeBy(merchant, { organization: 'acme' }), ['member', 'otherMember']],
    ['a key', ({ merchant }) => revokeBy(merchant, { key: merchant.keyId }), everyName],
    ['everything', ({ merchant }) => revokeBy(merchant, { all: true }), everyName],
  ])('%s ends its sessions and no others, and counts them', async (what, revoke, ended) => {
    const sessions = await merchantWithSessions();
    const answer = await revoke(sessions);

    if (what !== 'a session') expect(answer).toEqual({ revokedCount: ended.length });
    for (const name of everyName) {
      const isEnded = ended.includes(name);
      expect([name, await codeFor(sessions[name])]).toEqual([name, isEnded ? 'TOKEN_REVOKED' : 'ACCEPTED']);
      const { status, revokedAt } = (await sessions.merchant.billingos.session(sessions[name].session.id)) ?? {};
      expect([status, revokedAt !== null]).toEqual(isEnded ? ['REVOKED', true] : ['ACTIVE', false]);
    }
  });

  test.each<[string, (sessions: Sessions) => Promise<unknown>]>([
    ['a customer', ({ merchant, bob }) => revokeBy(merchant, { customer: bob.customer.id })],
    ['a key', ({ merchant }) => revokeBy(merchant, { key: merchant.keyId })],
    ['everything', ({ merchant }) => revokeBy(merchant, { all: true })],
  ])('%s leaves the sessions that come after it', async (_what, revoke) => {
    const sessions = await merchantWithSessions();
    await revoke(sessions);
    expect(await codeFor(await sessions.merchant.billingos.createSessionToken({ externalUserId: 'bob' }))).toBe(
      'ACCEPTED',
    );
  });

  test('a session twice changes nothing', async () => {
    const { merchant, ada } = await merchantWithSessions();
    const first = await merchant.billingos.revokeSession(ada.session.id);
    harness.clock.advance(1_000);
    expect(await merchant.billingos.revokeSession(ada.session.id)).toEqual(first);
  });

  test('what is over already is no revocation: an expired session stays expired', async () => {
    const { billingos } = harness.merchant;
    const { session } = await billingos.createSessionToken({ externalUserId: 'ada', expiresIn: 60 });
    harness.clock.advance(61_000);

    expect(await billingos.revokeSession(session.id)).toMatchObject({ status: 'EXPIRED', revokedAt: null });
    expect(await billingos.revokeSessions({ customer: session.customer.id })).toEqual({ revokedCount: 0 });
    expect(await billingos.session(session.id)).toMatchObject({ status: 'EXPIRED', revokedAt: null });
  });

  test('nothing is what `all: false` does', async () => {
    const { merchant, ada } = await merchantWithSessions();
    expect(await revokeBy(merchant, { all: false })).toEqual({ revokedCount: 0 });
    expect(await codeFor(ada)).toBe('ACCEPTED');
  });

  test.each([{}, { all: true, key: 'key_1' }, { all: null }])('needs exactly one selection: %j', async (by) => {
    const document = 'mutation ($by: RevokeSessionsBy!) { revokeSessions(by: $by) { revokedCount } }';
    const { status, code } = await harness.graphql(harness.merchant.secretKey, document, { by });
    expect({ status, code }).toEqual({ status: 400, code: 'INVALID_INPUT' });
  });

  test.each([
    ['a session', (owner: Sessions) => harness.rival.billingos.revokeSession(owner.ada.session.id)],
    ['a customer', (owner: Sessions) => revokeBy(harness.rival, { customer: owner.ada.customer.id })],
    ['an organization', () => revokeBy(harness.rival, { organization: 'acme' })],
    ['a key', (owner: Sessions) => revokeBy(harness.rival, { key: owner.merchant.keyId })],
  ])('%s of another merchant is NOT_FOUND and ends nothing', async (_what, revoke) => {
    const sessions = await merchantWithSessions();
    await expect(revoke(sessions)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await revokeBy(harness.rival, { all: true });
    for (const name of everyName) expect(await codeFor(sessions[name])).toBe('ACCEPTED');
  });
});

describe('revoking everything', () => {
  test('happens also when the sessions cannot be counted', async () => {
    const own = await createHarnessForTest();
    const { sessionToken } = await own.merchant.billingos.createSessionToken({ externalUserId: 'ada' });
    await own.database.db.execute('alter table sessions rename to out_of_reach');

    await expect(revokeBy(own.merchant, { all: true })).rejects.toThrow();
    expect((await own.graphql(sessionToken, '{ node(id: "none") { id } }')).code).toBe('TOKEN_REVOKED');
  });

  test('counts up to 10,000 sessions, so that counting ends in time', async () => {
    const own = await createHarnessForTest();
    const { session } = await own.merchant.billingos.createSessionToken({ externalUserId: 'ada' });
    await own.database.db.execute(
      `insert into sessions select (jsonb_populate_record(sessions, jsonb_build_object('id', 'copy' || n))).*
       from sessions, generate_series(1, 10010) as n where id = '${session.id}'`,
    );
    expect(await revokeBy(own.merchant, { all: true })).toEqual({ revokedCount: 10_000 });
  });
});

describe('endSession', () => {
  test('ends the session of its own token and no other one of the customer', async () => {
    const { ada, adaAgain } = await merchantWithSessions();
    const { data } = await harness.graphql(ada.sessionToken, 'mutation { endSession { id status } }');

    expect(data).toEqual({ endSession: { id: ada.session.id, status: 'REVOKED' } });
    expect([await codeFor(ada), await codeFor(adaAgain)]).toEqual(['TOKEN_REVOKED', 'ACCEPTED']);
  });

  test('needs no operation', async () => {
    const { sessionToken } = await harness.merchant.billingos.createSessionToken({
      externalUserId: 'ada',
      allowedOperations: [],
    });
    expect(await harness.graphql(sessionToken, 'mutation { endSession { id } }')).toMatchObject({ status: 200 });
  });

  test('are all known to a process that starts, however many there are, and read a few at a time', async () => {
    const own = await createHarnessForTest();
    await own.database.db.execute(sql`insert into revocations
      (merchant_id, environment, id, kind, subject, revoked_at, expires_at, recorded_at)
      select ${own.merchant.id}, 'test', 'rev_' || number, 'session', 'ses_' || number, now(), now() + interval '1 day',
        now() - number / 3 * interval '1 microsecond'
      from generate_series(1, 5000) as number`);
    const other = await createHarnessForTest({ connection: own.connection, clock: own.clock });
    expect(other.rules.revocations.rememberedCount()).toBe(5_000);
    expect(other.statements.filter((text) => text.includes('from "revocations"')).length).toBeGreaterThanOrEqual(3);
  });

  test('is seen by another process within a second', async () => {
    const other = await createHarnessForTest({ connection: harness.connection, clock: harness.clock });
    const { ada } = await merchantWithSessions();
    expect(await codeFor(ada, other)).toBe('ACCEPTED');

    const endedAt = performance.now();
    await harness.graphql(ada.sessionToken, 'mutation { endSession { id } }');
    await expect.poll(() => codeFor(ada, other), { interval: 20, timeout: 5_000 }).toBe('TOKEN_REVOKED');
    // Half a second for the machine that runs this.
    expect(performance.now() - endedAt).toBeLessThan(1_500);
  });
});
