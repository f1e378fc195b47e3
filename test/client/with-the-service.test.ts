import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBillingClient } from '../../client/client.ts';
import { ViewerDocument } from '../../client/generated.ts';
import type { KeyId } from '../../schema/id.ts';
import { createHarness, sdkFor, send, shopOrigin, type Harness } from '../support/harness.ts';
import { createWorld } from './support/world.ts';

// The client and the whole service in one process: only the page's clock, its timers and the wire between them are ours.

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.stop());

const minuteMs = 60_000;

const sendFromPage: typeof fetch = (input, init) => {
  const headers = new Headers(init?.headers);
  headers.set('origin', shopOrigin);
  return send(harness.app, input, { ...init, headers });
};

/** A page of a merchant of its own, with its first token. */
async function openPage() {
  const merchant = await harness.newMerchant('Shop');
  const world = createWorld({ fetch: sendFromPage });
  let server = merchant.billingos;
  const billing = createBillingClient({
    getSessionToken: () => server.createSessionToken({ externalUserId: 'ada', expiresIn: 600 }).then(toAnswer),
    host: world.host,
  });
  const { session } = billing;
  await world.advance(0);
  const first = await session.getToken();
  // No longer held back by the gap between two asks.
  await passTime(minuteMs);

  async function passTime(ms: number) {
    harness.clock.advance(ms);
    await world.advance(ms);
  }

  return {
    merchant,
    world,
    billing,
    first,
    passTime,
    setServer: (next: typeof server) => (server = next),
    sessionId: () => session.newest()?.life.claims.sessionId ?? '',
    viewer: () => billing.client.query(ViewerDocument, {}).toPromise(),
  };
}

const toAnswer = ({ sessionToken, expiresIn }: { sessionToken: string; expiresIn: number }) => ({
  sessionToken,
  expiresIn,
});

test('the first token of the service shows the customer', async () => {
  const { viewer } = await openPage();
  const { data, error } = await viewer();
  expect(error).toBeUndefined();
  expect(data?.viewer.externalUserId).toBe('ada');
});

test('the token is replaced before it ends at the service', async () => {
  const { merchant, billing, first, passTime, viewer } = await openPage();
  // Just after it is time to ask: an answer of the real service needs time that these clocks do not count.
  await passTime(470_000);
  await expect.poll(() => billing.session.newest()?.token).not.toBe(first);
  await passTime(2 * minuteMs);
  await expect(merchant.billingos.introspectSession(first)).resolves.toEqual({ active: false });
  expect((await viewer()).data?.viewer.externalUserId).toBe('ada');
  expect(billing.session.state().kind).toBe('ready');
});

test('a session that the merchant revoked is replaced, and the operation succeeds', async () => {
  const { merchant, billing, first, sessionId, viewer } = await openPage();
  await merchant.billingos.revokeSession(sessionId());
  expect((await viewer()).data?.viewer.externalUserId).toBe('ada');
  expect(billing.session.newest()?.token).not.toBe(first);
});

test('a token that ended while the page’s clocks stood still is replaced, and the operation succeeds', async () => {
  const { billing, first, viewer } = await openPage();
  harness.clock.advance(15 * minuteMs);
  expect(billing.session.isUsable()).toBe(true);
  expect((await viewer()).data?.viewer.externalUserId).toBe('ada');
  expect(billing.session.newest()?.token).not.toBe(first);
});

test('sign-out ends the session at the service', async () => {
  const { merchant, billing, first } = await openPage();
  await expect(merchant.billingos.introspectSession(first)).resolves.toMatchObject({ active: true });
  await billing.signOut();
  await expect(merchant.billingos.introspectSession(first)).resolves.toEqual({ active: false });
});

test('a rolled key ends no login: the sessions it created are replaced', async () => {
  const { merchant, billing, first, setServer, viewer } = await openPage();
  const owner = { merchantId: merchant.id, environment: merchant.environment };
  const { secretKey } = await harness.rules.secretKeys.roll(owner, merchant.keyId as KeyId, {
    overlapMs: 0,
    sessions: 'revoke',
  });
  setServer(sdkFor(harness.app, secretKey));
  expect((await viewer()).data?.viewer.externalUserId).toBe('ada');
  expect(billing.session.newest()?.token).not.toBe(first);
  expect(billing.session.state().kind).toBe('ready');
});
