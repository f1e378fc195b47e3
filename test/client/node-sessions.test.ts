import { buildSchema, parse, validate } from 'graphql';
import { readFileSync } from 'node:fs';
import { expect, expectTypeOf, test } from 'vitest';
import { BillingOS, type CreateSessionInput, type Session } from '../../client/node.ts';
import { answers, createdSession, customer, session, startService } from './support/scripted-service.ts';

const secretKey = 'sk_test_4fQ9zR2mXk7LpW0sTn5VbY8cHd3JgA1eu0aB';

const clientOf = (url: string) => new BillingOS({ secretKey, url });

const sessionWithDates = {
  ...session,
  createdAt: new Date(session.createdAt),
  expiresAt: new Date(session.expiresAt),
  customer: { ...customer, createdAt: new Date(customer.createdAt) },
};

test('createSessionToken sends the input as it is and answers with dates', async () => {
  const service = await startService(answers(createdSession));
  const input: CreateSessionInput = { externalUserId: 'ada', expiresIn: 60, metadata: { ip: '::1' } };

  const created = await clientOf(service.url).createSessionToken(input);

  expect(service.requests[0]?.body.variables).toEqual({ input });
  expect(created).toEqual({
    sessionToken: 'bos_session_test_aaa.bbb.ccc',
    expiresAt: new Date('2026-11-01T11:00:00.000Z'),
    expiresIn: 3600,
    session: sessionWithDates,
    customer: sessionWithDates.customer,
    bindOutcome: 'NO_EMAIL',
    unresolvedCustomers: 0,
  });
});

test('session answers with the session, or null', async () => {
  const { url } = await startService(answers({ session }), answers({ session: null }));

  await expect(clientOf(url).session('ses_1')).resolves.toEqual(sessionWithDates);
  await expect(clientOf(url).session('ses_2')).resolves.toBeNull();
});

test('revokeSession and revokeSessions name what they end', async () => {
  const revokedAt = '2026-11-01T10:30:00.000Z';
  const service = await startService(
    answers({ revokeSession: { ...session, status: 'REVOKED', revokedAt, lastUsedAt: revokedAt } }),
    answers({ revokeSessions: { revokedCount: 3 } }),
  );
  const billingos = clientOf(service.url);

  await expect(billingos.revokeSession('ses_1')).resolves.toMatchObject({
    status: 'REVOKED',
    revokedAt: new Date(revokedAt),
    lastUsedAt: new Date(revokedAt),
  });
  await expect(billingos.revokeSessions({ customer: 'cus_1' })).resolves.toEqual({ revokedCount: 3 });

  expect(service.requests.map(({ body }) => body.variables)).toEqual([{ id: 'ses_1' }, { by: { customer: 'cus_1' } }]);
});

test('introspectSession says nothing about a token that does not count', async () => {
  const { url } = await startService(
    answers({ introspectSession: { active: true, session } }),
    answers({ introspectSession: { active: false, session } }),
  );

  const counted = await clientOf(url).introspectSession('bos_session_test_a.b.c');

  expect(counted).toEqual({ active: true, session: sessionWithDates });
  await expect(clientOf(url).introspectSession('bos_session_test_x.y.z')).resolves.toEqual({ active: false });
});

test('a list walks from page to page, and asks for no more than is read', async () => {
  const service = await startService(pageOf(['ses_1', 'ses_2'], 'ses_2'), pageOf(['ses_3'], null), pageOf([], null));
  const list = clientOf(service.url).listSessions({ active: true });
  expect(service.requests).toHaveLength(0);

  const ids: string[] = [];
  for await (const { id } of list) ids.push(id);

  expect(ids).toEqual(['ses_1', 'ses_2', 'ses_3']);
  expect(service.requests.map(({ body }) => body.variables)).toEqual([
    { first: 100, filter: { active: true } },
    { first: 100, after: 'ses_2', filter: { active: true } },
  ]);
});

test('one page of a list can be had alone', async () => {
  const service = await startService(pageOf(['ses_1'], 'ses_1'));

  const { sessions, nextCursor } = await clientOf(service.url).listSessions().page({ first: 1, after: 'ses_0' });

  expect(sessions.map(({ id }) => id)).toEqual(['ses_1']);
  expect(nextCursor).toBe('ses_1');
  expect(service.requests[0]?.body.variables).toEqual({ first: 1, after: 'ses_0' });
});

test('every operation that is sent is valid in the schema', async () => {
  const service = await startService(answers({}));
  const billingos = clientOf(service.url);
  const calls = [
    () => billingos.createSessionToken({ externalUserId: 'ada' }),
    () => billingos.revokeSession('ses_1'),
    () => billingos.revokeSessions({ all: true }),
    () => billingos.session('ses_1'),
    () => billingos.listSessions().page(),
    () => billingos.introspectSession('bos_session_test_a.b.c'),
    () => billingos.createCustomer({ identity: { externalUserId: 'ada' } }),
    () => billingos.customer({ externalUserId: 'ada' }),
    () => billingos.updateCustomer('cus_1', { name: 'Ada' }),
    () => billingos.deleteCustomer('cus_1'),
    () => billingos.listCustomers().page(),
    () => billingos.listUnresolvedCustomers().page(),
    () => billingos.bindCustomer('cus_1', { externalUserId: 'ada' }),
    () => billingos.relinkCustomer('cus_1', { externalUserId: 'bob' }, 'Sold.'),
    () => billingos.mergeCustomers({ from: 'cus_1', into: 'cus_2', reason: 'One person.' }),
    () => billingos.explainBinding('cus_1'),
  ];
  // The answer is empty: only the requests count here.
  for (const call of calls) await call().catch(() => undefined);

  const schema = buildSchema(readFileSync('schema/schema.graphql', 'utf8'));
  expect(service.requests).toHaveLength(calls.length);
  for (const { body } of service.requests) expect(validate(schema, parse(body.query))).toEqual([]);
});

test('the types come from the schema', () => {
  expectTypeOf<CreateSessionInput>().toHaveProperty('externalUserId');
  expectTypeOf<Session['expiresAt']>().toEqualTypeOf<Date>();
  expectTypeOf<Session['revokedAt']>().toEqualTypeOf<Date | null>();
  expectTypeOf<Session['customer']['createdAt']>().toEqualTypeOf<Date>();
  expectTypeOf<BillingOS['createSessionToken']>().parameter(0).toEqualTypeOf<CreateSessionInput>();
  // @ts-expect-error externalUserId is required
  expectTypeOf<{ email: string }>().toExtend<CreateSessionInput>();
  // @ts-expect-error exactly one of them
  expectTypeOf<{ customer: string; all: true }>().toExtend<Parameters<BillingOS['revokeSessions']>[0]>();
});

function pageOf(ids: string[], next: string | null) {
  return answers({
    sessions: {
      edges: ids.map((id) => ({ cursor: id, node: { ...session, id } })),
      pageInfo: { hasNextPage: next !== null, endCursor: ids.at(-1) ?? null },
    },
  });
}
