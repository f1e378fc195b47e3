import express from 'express';
import fastify from 'fastify';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  createSessionHandler,
  expressSessionHandler,
  fastifySessionHandler,
  type BillingOS,
  type Session,
} from '../../client/node.ts';
import { createSessionVerifier } from '../../client/verify.ts';
import { createHarnessForTest, publicUrl, sdkFor, send, type Harness } from '../support/harness.ts';

let harness: Harness;
let billingos: BillingOS;

beforeEach(async () => {
  harness = await createHarnessForTest();
  billingos = harness.merchant.billingos;
});

const ada = { externalUserId: 'ada' };
const missingId = 'ses_01jd3v5x8nf2rb9p0q4kzw7ych';

describe('each method', () => {
  test('createSessionToken gives a token with which a browser sees its customer', async () => {
    const created = await billingos.createSessionToken({
      ...ada,
      email: 'ada@example.com',
      externalOrganizationId: 'acme',
      expiresIn: 60,
      allowedOperations: ['READ_CUSTOMER'],
      metadata: { ip: '::1' },
    });

    expect(created).toMatchObject({
      sessionToken: expect.stringMatching(/^bos_session_test_/),
      expiresAt: expect.any(Date),
      expiresIn: 60,
      session: { status: 'ACTIVE', environment: 'TEST', externalUserId: 'ada', metadata: { ip: '::1' } },
      customer: { externalOrganizationId: 'acme', createdAt: expect.any(Date) },
    });
    const { data } = await harness.graphql(created.sessionToken, '{ viewer { id } }');
    expect(data).toEqual({ viewer: { id: created.customer.id } });
  });

  test('session reads what createSessionToken made, and null for what is not there', async () => {
    const { session } = await billingos.createSessionToken(ada);

    await expect(billingos.session(session.id)).resolves.toEqual(session);
    await expect(billingos.session(missingId)).resolves.toBeNull();
  });

  test('revokeSession ends a session, and introspectSession knows', async () => {
    const { session, sessionToken } = await billingos.createSessionToken(ada);
    await expect(billingos.introspectSession(sessionToken)).resolves.toMatchObject({
      active: true,
      session: { id: session.id, createdAt: session.createdAt },
    });

    await expect(billingos.revokeSession(session.id)).resolves.toMatchObject({
      status: 'REVOKED',
      revokedAt: expect.any(Date),
    });

    await expect(billingos.introspectSession(sessionToken)).resolves.toEqual({ active: false });
  });

  test('revokeSessions ends those of a customer, an organization, a key, and all', async () => {
    const { customer } = await billingos.createSessionToken(ada);
    await billingos.createSessionToken({ ...ada, externalOrganizationId: 'acme' });

    await expect(billingos.revokeSessions({ customer: customer.id })).resolves.toEqual({ revokedCount: 1 });
    await expect(billingos.revokeSessions({ organization: 'acme' })).resolves.toEqual({ revokedCount: 1 });
    await billingos.createSessionToken(ada);
    await expect(billingos.revokeSessions({ key: harness.merchant.keyId })).resolves.toEqual({ revokedCount: 1 });
    await billingos.createSessionToken(ada);
    await expect(billingos.revokeSessions({ all: true })).resolves.toEqual({ revokedCount: 1 });
  });

  test('listSessions walks 45 sessions, all at once or page by page, newest first', async () => {
    const made: string[] = [];
    for (let user = 0; user < 45; user += 1) {
      made.unshift((await billingos.createSessionToken({ externalUserId: `user_${user}` })).session.id);
    }

    const walked: Session[] = [];
    for await (const session of billingos.listSessions({ active: true })) walked.push(session);
    expect(walked.map(({ id }) => id)).toEqual(made);

    const pages: string[][] = [];
    let after: string | undefined;
    do {
      const { sessions, nextCursor } = await billingos.listSessions().page({ after });
      pages.push(sessions.map(({ id }) => id));
      after = nextCursor;
    } while (after !== undefined);
    expect(pages.map(({ length }) => length)).toEqual([20, 20, 5]);
    expect(pages.flat()).toEqual(made);
  });

  test('createSessionVerifier knows the token, offline', async () => {
    const { sessionToken, session, customer } = await billingos.createSessionToken(ada);
    const verify = createSessionVerifier({
      url: publicUrl,
      merchantId: harness.merchant.id,
      environments: ['test'],
      fetch: (input, init) => send(harness.app, input, init),
    });

    await expect(verify(sessionToken)).resolves.toMatchObject({
      sessionId: session.id,
      customerId: customer.id,
      operations: 'all',
    });
  });
});

describe('each failure is the service’s own', () => {
  test('a session that is not there is NOT_FOUND', async () => {
    await expect(billingos.revokeSession(missingId)).rejects.toMatchObject({
      name: 'BillingOSError',
      code: 'NOT_FOUND',
      requestId: expect.any(String),
      retryable: false,
    });
  });

  test('a session of another merchant is NOT_FOUND', async () => {
    const { session } = await harness.rival.billingos.createSessionToken(ada);

    await expect(billingos.revokeSession(session.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('everything that is wrong with an input is in the message of INVALID_INPUT', async () => {
    const call = billingos.createSessionToken({ externalUserId: '', email: 'nobody', expiresIn: 1 });

    await expect(call).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    const { message } = (await call.catch((error: unknown) => error)) as Error;
    expect(message).toMatch(/^- input\.externalUserId: \S/m);
    expect(message).toMatch(/^- input\.email: \S/m);
    expect(message).toMatch(/^- input\.expiresIn: \S/m);
  });

  test('a key that nobody has is UNAUTHENTICATED', async () => {
    const stranger = sdkFor(harness.app, 'sk_test_4fQ9zR2mXk7LpW0sTn5VbY8cHd3JgA1eu0aB');

    await expect(stranger.session(missingId)).rejects.toMatchObject({ code: 'UNAUTHENTICATED', retryable: false });
  });
});

/** One endpoint in each framework, behind which is the real service. */
const frameworks: [string, (billingos: BillingOS) => Promise<Response>][] = [
  [
    'Web Request',
    async (billingos) => createSessionHandler({ billingos, authenticate: () => ada })(new Request('http://localhost')),
  ],
  [
    'Express',
    async (billingos) => {
      const app = express().all('/', expressSessionHandler({ billingos, authenticate: () => ada }));
      const server = createServer(app).listen(0, '127.0.0.1');
      onTestFinished(() => void server.close());
      await once(server, 'listening');
      return fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    },
  ],
  [
    'Fastify',
    async (billingos) => {
      const app = fastify();
      app.all('/', fastifySessionHandler({ billingos, authenticate: () => ada }));
      onTestFinished(() => app.close());
      return fetch(await app.listen({ port: 0, host: '127.0.0.1' }));
    },
  ],
];

test.each(frameworks)('the handler for %s hands out a token that counts', async (_name, ask) => {
  const response = await ask(billingos);

  expect(response.status).toBe(200);
  const { sessionToken, expiresIn } = (await response.json()) as { sessionToken: string; expiresIn: number };
  expect(expiresIn).toBe(3_600);
  const { data } = await harness.graphql(sessionToken, '{ viewer { externalUserId } }');
  expect(data).toEqual({ viewer: { externalUserId: 'ada' } });
});
