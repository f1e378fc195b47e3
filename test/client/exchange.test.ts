import { gql } from '@urql/core';
import { expect, test } from 'vitest';
import { createBillingClient } from '../../client/client.ts';
import { BillingOSError } from '../../client/errors.ts';
import { billingErrorOf } from '../../client/failure.ts';
import { EndSessionDocument, ViewerDocument } from '../../client/generated.ts';
import { createApi } from './support/api.ts';
import { createMerchant } from './support/merchant.ts';
import { createToken } from './support/token.ts';
import { createWorld } from './support/world.ts';

const refusals = ['TOKEN_EXPIRED', 'UNAUTHENTICATED', 'TOKEN_REVOKED'] as const;
const TrackUsage = gql('mutation TrackUsage($amount: Int!) { trackUsage(amount: $amount) { id } }');

function createScene(lifetimeSeconds = 3600) {
  const api = createApi();
  const world = createWorld({ fetch: api.fetch });
  const merchant = createMerchant(world, lifetimeSeconds);
  const billing = createBillingClient({ getSessionToken: merchant.ask, host: world.host });
  const viewer = () => billing.client.query(ViewerDocument, {}).toPromise();
  const track = (amount: number) => billing.client.mutation(TrackUsage, { amount }).toPromise();
  return { api, world, merchant, billing, viewer, track };
}

async function createReadyScene(lifetimeSeconds?: number) {
  const scene = createScene(lifetimeSeconds);
  await scene.world.advance(60_000);
  expect(scene.billing.session.state().kind).toBe('ready');
  return scene;
}

test('an operation waits for the first token and goes to the endpoint that the token names', async () => {
  const { api, world, merchant, viewer } = createScene();
  const result = viewer();
  await world.advance(0);
  expect((await result).data?.viewer.id).toBe('cus_ada');
  expect(api.sent).toMatchObject([
    { url: 'http://localhost:4000/sandbox/graphql', method: 'POST', token: merchant.latestToken() },
  ]);
});

test.each(refusals)('an operation whose newest token is %s is sent once more with the next one', async (code) => {
  const { api, merchant, viewer } = await createReadyScene();
  const first = merchant.latestToken();
  api.refuse(first, code);
  const result = await viewer();
  expect(result.error).toBeUndefined();
  expect(api.sent.map(({ token }) => token)).toEqual([first, merchant.latestToken()]);
  expect(merchant.asks).toHaveLength(2);
});

test('fifty operations at expiry are one ask, and each is sent at most twice', async () => {
  const { api, merchant, track } = await createReadyScene();
  api.refuse(merchant.latestToken(), 'TOKEN_EXPIRED');
  const results = await Promise.all(Array.from({ length: 50 }, (_, amount) => track(amount)));
  expect(results.filter(({ error }) => error)).toEqual([]);
  expect(merchant.asks).toHaveLength(2);
  expect(api.sent).toHaveLength(100);
});

test('two equal mutations whose token is refused are both sent again', async () => {
  const { api, merchant, track } = await createReadyScene();
  api.refuse(merchant.latestToken(), 'TOKEN_EXPIRED');
  const results = await Promise.all([track(1), track(1)]);
  expect(results.map(({ error }) => error)).toEqual([undefined, undefined]);
  expect(api.sent.filter(({ token }) => token === merchant.latestToken())).toHaveLength(2);
});

test('a late refusal of an old token is retried with the newest and asks nobody', async () => {
  const { api, world, merchant, billing, viewer } = await createReadyScene();
  const first = merchant.latestToken();
  api.refuse(first, 'TOKEN_EXPIRED');
  const open = api.hold();
  const late = viewer();
  await world.settle();
  billing.session.retry();
  await world.settle();
  expect(merchant.asks).toHaveLength(2);

  open();
  expect((await late).error).toBeUndefined();
  expect(merchant.asks).toHaveLength(2);
  expect(api.sent.map(({ token }) => token)).toEqual([first, merchant.latestToken()]);
});

test('an operation whose old token was refused is sent once more also when the newest is refused, too', async () => {
  const { api, world, merchant, billing, viewer } = await createReadyScene();
  const first = merchant.latestToken();
  api.refuse(first, 'TOKEN_EXPIRED');
  const open = api.hold();
  const late = viewer();
  await world.settle();
  billing.session.retry();
  await world.settle();
  const second = merchant.latestToken();
  api.refuse(second, 'TOKEN_REVOKED');

  open();
  await world.advance(5_000);
  expect((await late).error).toBeUndefined();
  expect(api.sent.map(({ token }) => token)).toEqual([first, second, merchant.latestToken()]);
  expect(merchant.asks).toHaveLength(3);
});

test('an operation that waited for its token is still retried when that one is refused', async () => {
  const { api, world, merchant, viewer } = createScene();
  api.refuseAll('TOKEN_EXPIRED');
  const result = viewer();
  await world.advance(0);
  expect(api.sent).toHaveLength(1);

  api.refuseAll(undefined);
  await world.advance(5_000);
  expect((await result).error).toBeUndefined();
  expect(api.sent.at(-1)?.token).toBe(merchant.latestToken());
});

test('an operation refused twice fails with the code, the status and the request id of the API', async () => {
  const { api, world, viewer } = await createReadyScene();
  api.refuseAll('UNAUTHENTICATED');
  const result = viewer();
  await world.advance(5_000);
  const { error } = await result;
  expect(error && billingErrorOf(error)).toMatchObject({ code: 'UNAUTHENTICATED', status: 401, requestId: 'req_1' });
  expect(api.sent).toHaveLength(2);
});

test.each(['FORBIDDEN', 'INTERNAL_SERVER_ERROR', 'UNAVAILABLE', 'WRONG_ENVIRONMENT', 'RATE_LIMITED'] as const)(
  'a mutation that is answered with %s is not sent again',
  async (code) => {
    const { api, merchant, track } = await createReadyScene();
    api.refuseAll(code);
    const { error } = await track(1);
    expect(error && billingErrorOf(error).code).toBe(code);
    expect(api.sent).toHaveLength(1);
    expect(merchant.asks).toHaveLength(1);
  },
);

test('an operation without an answer says what to do about CORS', () => {
  const { code, message } = billingErrorOf({ graphQLErrors: [], networkError: new TypeError('Failed to fetch') });
  expect(code).toBe('NETWORK_ERROR');
  expect(message).toContain('BILLINGOS_ALLOWED_ORIGINS');
});

test('a mutation that was cut off is not sent again', async () => {
  const world = createWorld({ fetch: () => Promise.reject(new TypeError('cut off')) });
  const merchant = createMerchant(world);
  const { client } = createBillingClient({ getSessionToken: merchant.ask, host: world.host });
  const result = client.mutation(TrackUsage, { amount: 1 }).toPromise();
  await world.advance(0);
  const { error } = await result;
  expect(error && billingErrorOf(error)).toMatchObject({ code: 'NETWORK_ERROR', retryable: true });
  expect(merchant.asks).toHaveLength(1);
});

test('a revoked token signs out when the source says that nobody is logged in', async () => {
  const { api, merchant, billing, viewer } = await createReadyScene();
  api.refuse(merchant.latestToken(), 'TOKEN_REVOKED');
  merchant.answer = 'nobody';
  const { error } = await viewer();
  expect(error && billingErrorOf(error).code).toBe('SIGNED_OUT');
  expect(billing.session.state().kind).toBe('signedOut');
  expect(merchant.asks).toHaveLength(2);
});

test('a given token that the API refuses is reported with the code of the API, and the next one goes on', async () => {
  const api = createApi();
  const { host } = createWorld({ fetch: api.fetch });
  const first = createToken({ name: 'first' });
  api.refuse(first, 'TOKEN_REVOKED');
  const { client, session } = createBillingClient({ sessionToken: first, host });

  const { error } = await client.query(ViewerDocument, {}).toPromise();
  expect(error && billingErrorOf(error).code).toBe('TOKEN_REVOKED');
  expect(session.state()).toMatchObject({ kind: 'broken', error: { code: 'TOKEN_REVOKED' } });

  session.adopt(createToken({ name: 'second' }));
  const result = await client.query(ViewerDocument, {}).toPromise();
  expect(result.error).toBeUndefined();
});

test('a token that was refused three times running breaks the session, and operations fail at once', async () => {
  const { api, world, billing, viewer } = await createReadyScene();
  api.refuseAll('UNAUTHENTICATED');
  const results = Promise.all([viewer(), viewer()]);
  await world.advance(20_000);
  await results;
  const last = viewer();
  await world.advance(20_000);
  const { error } = await last;
  expect(error && billingErrorOf(error).code).toBe('TOKENS_REFUSED');
  expect(billing.session.state().kind).toBe('broken');
});

test('tokens that were accepted before they were refused break nothing', async () => {
  const { api, world, merchant, billing, viewer } = await createReadyScene();
  for (let round = 0; round < 5; round += 1) {
    api.refuse(merchant.latestToken(), 'TOKEN_REVOKED');
    const result = viewer();
    await world.advance(5_000);
    expect((await result).error).toBeUndefined();
  }
  expect(billing.session.state().kind).toBe('ready');
});

test('tokens that served for a while before they were refused break nothing, whoever used them', async () => {
  const { api, world, merchant, billing } = await createReadyScene();
  const { session } = billing;
  const refusal = new BillingOSError('TOKEN_REVOKED', 'Revoked.');
  for (let count = 0; count < 4; count += 1) {
    await world.advance(120_000);
    session.refused(merchant.latestToken(), refusal);
  }
  await world.advance(10_000);
  expect(session.state().kind).toBe('ready');
  expect(api.sent).toEqual([]);
});

test('an operation is not sent when the app signs out in the moment its token comes', async () => {
  const { api, world, billing, viewer } = createScene();
  const { session } = billing;
  session.subscribe(() => session.state().kind === 'ready' && session.signOut());
  const result = viewer();
  await world.advance(0);
  const { error } = await result;
  expect(error && billingErrorOf(error).code).toBe('SIGNED_OUT');
  expect(api.sent).toEqual([]);
});

test('after sign-out nothing is sent but the end of the session', async () => {
  const { api, world, merchant, billing, viewer } = await createReadyScene();
  const token = merchant.latestToken();
  await billing.signOut();
  const { error } = await viewer();
  await world.advance(60_000);
  expect(error && billingErrorOf(error).code).toBe('SIGNED_OUT');
  expect(api.sent).toHaveLength(1);
  expect(api.sent[0]).toMatchObject({ token, body: expect.stringContaining('endSession') as string });
  expect(merchant.asks).toHaveLength(1);
});

test('an operation goes without cookies, past every cache, and follows no redirect', async () => {
  const { api, viewer } = await createReadyScene();
  await viewer();
  expect(api.sent[0]?.init).toMatchObject({ credentials: 'omit', cache: 'no-store', redirect: 'error' });
});

test('the end of a session is sent without cookies, follows no redirect, and outlives the page', async () => {
  const { api, billing } = await createReadyScene();
  await billing.signOut();
  expect(api.sent[0]?.init).toMatchObject({ credentials: 'omit', redirect: 'error', keepalive: true });
});

test('sign-out settles within five seconds when the service does not answer, and leaves nothing behind', async () => {
  const { api, world, billing } = await createReadyScene();
  api.hold();
  const signedOut = billing.signOut().then(() => 'signed out');
  await world.advance(5_000);
  expect(await Promise.race([signedOut, Promise.resolve('waiting')])).toBe('signed out');
  expect(api.sent[0]?.init?.signal?.aborted).toBe(true);
  expect(world.timerCount()).toBe(0);
});

test('sign-out ends the token of a session that broke while it counted', async () => {
  const api = createApi();
  const { host } = createWorld({ fetch: api.fetch });
  const token = createToken();
  const { session, signOut } = createBillingClient({ sessionToken: token, host });
  session.adopt('bos_session_test_half');
  expect(session.state().kind).toBe('broken');
  await signOut();
  expect(api.sent).toMatchObject([{ token, body: expect.stringContaining('endSession') as string }]);
});

test('a sign-out that is answered leaves no timer behind', async () => {
  const { world, billing } = await createReadyScene();
  await billing.signOut();
  expect(world.timerCount()).toBe(0);
});

test('sign-out sends nothing for a token that has ended', async () => {
  const api = createApi();
  const world = createWorld({ fetch: api.fetch });
  const { signOut } = createBillingClient({ sessionToken: createToken({ lifetimeSeconds: 60 }), host: world.host });
  await world.advance(60_000);
  await signOut();
  expect(api.sent).toEqual([]);
});

test.each(['UNAVAILABLE', 'RATE_LIMITED', 'INTERNAL_SERVER_ERROR'] as const)(
  'tokens that were answered with %s before they were refused do break the session',
  async (code) => {
    const { api, world, merchant, billing, viewer } = await createReadyScene();
    api.refuseAll(code);
    for (let round = 0; round < 3; round += 1) {
      await viewer();
      billing.session.refused(merchant.latestToken(), new BillingOSError('TOKEN_REVOKED', 'Revoked.'));
      await world.advance(5_000);
    }
    expect(billing.session.state()).toMatchObject({ kind: 'broken', error: { code: 'TOKENS_REFUSED' } });
  },
);

test('sign-out succeeds when the service cannot be reached', async () => {
  const world = createWorld();
  const merchant = createMerchant(world);
  const billing = createBillingClient({ getSessionToken: merchant.ask, host: world.host });
  await world.advance(0);
  await expect(billing.signOut()).resolves.toBeUndefined();
  expect(billing.session.newest()).toBeUndefined();
});

test('an operation that was meant for one customer is never sent again for another', async () => {
  const { api, merchant, track } = await createReadyScene();
  api.refuse(merchant.latestToken(), 'TOKEN_REVOKED');
  merchant.customerId = 'cus_grace';
  const { error } = await track(1);
  expect(error && billingErrorOf(error).code).toBe('CUSTOMER_CHANGED');
  expect(api.sent).toHaveLength(1);
});

test('an operation in flight ends as soon as another customer is here, and its answer shows nothing', async () => {
  const { api, world, merchant, billing, track } = await createReadyScene();
  const open = api.hold();
  const result = track(1);
  await world.settle();
  merchant.customerId = 'cus_grace';
  billing.session.retry();
  await world.settle();
  const { data, error } = await result;
  expect(error && billingErrorOf(error).code).toBe('CUSTOMER_CHANGED');
  expect(data).toBeUndefined();
  expect(api.sent).toHaveLength(1);
  open();
});

test('an operation in flight ends with the sign-out', async () => {
  const { api, world, billing, viewer } = await createReadyScene();
  api.hold();
  const result = viewer();
  await world.settle();
  billing.session.signOut();
  const { data, error } = await result;
  expect(error && billingErrorOf(error).code).toBe('SIGNED_OUT');
  expect(data).toBeUndefined();
});

test('an operation in flight survives the renewal of its customer’s token', async () => {
  const { api, world, billing, viewer } = await createReadyScene();
  const open = api.hold();
  const result = viewer();
  await world.settle();
  billing.session.retry();
  await world.settle();
  open();
  expect((await result).data?.viewer.id).toBe('cus_ada');
  expect(api.sent).toHaveLength(1);
});

test('a token that the calendar takes for over is replaced before anything is sent', async () => {
  const { api, world, merchant, viewer } = await createReadyScene();
  const first = merchant.latestToken();
  world.sleep(2 * 3_600_000);
  const { error } = await viewer();
  expect(error).toBeUndefined();
  expect(api.sent.map(({ token }) => token)).toEqual([merchant.latestToken()]);
  expect(merchant.latestToken()).not.toBe(first);
});

test('a token that only the calendar takes for over is sent when no other one comes', async () => {
  const { api, world, merchant, viewer } = await createReadyScene();
  merchant.answer = 'unreachable';
  world.setCalendar(1_900_000_000_000);
  const first = await viewer();
  const second = await viewer();
  expect([first.error, second.error]).toEqual([undefined, undefined]);
  expect(api.sent.map(({ token }) => token)).toEqual([merchant.latestToken(), merchant.latestToken()]);
});

test('nothing is sent after sign-out, also not what was asked for in the same breath', async () => {
  const { api, world, billing, viewer } = await createReadyScene();
  const result = viewer();
  billing.session.signOut();
  await world.settle();
  const { error } = await result;
  expect(error && billingErrorOf(error).code).toBe('SIGNED_OUT');
  expect(api.sent).toEqual([]);
});

test('the answer for one customer is not replayed to the next one', async () => {
  const { world, billing } = await createReadyScene();
  const seen: unknown[] = [];
  billing.client.query(ViewerDocument, {}).subscribe(() => {});
  await world.advance(10);
  billing.session.adopt(createToken({ customerId: 'cus_grace' }));
  await world.advance(10);
  billing.client.query(ViewerDocument, {}).subscribe(({ data }) => seen.push(data?.viewer.id));
  await world.advance(10);
  expect(seen).toEqual(['cus_grace']);
});

test('a query of the next customer does not end with an equal one of the customer before', async () => {
  const { api, world, billing, viewer } = await createReadyScene();
  const open = api.hold();
  void viewer();
  await world.settle();
  billing.session.adopt(createToken({ customerId: 'cus_grace' }));
  const result = viewer();
  open();
  await world.advance(10);
  expect((await result).data?.viewer.id).toBe('cus_grace');
});

test('an operation ended by a sign-out says so, also when the same customer is back at once', async () => {
  const { api, world, billing, viewer } = await createReadyScene();
  api.hold();
  const result = viewer();
  await world.settle();
  billing.session.signOut();
  billing.session.adopt(createToken({ name: 'next', issuedAtSeconds: 1_800_000_100 }));
  await world.advance(10);
  const { error } = await result;
  expect(error && billingErrorOf(error).code).toBe('SIGNED_OUT');
});

test('no result carries the token', async () => {
  const { world, merchant, viewer } = createScene();
  const result = viewer();
  await world.advance(0);
  const { operation } = await result;
  expect(JSON.stringify(operation)).not.toContain(merchant.latestToken());
});

const html = () => Promise.resolve(new Response('<html>', { status: 502, headers: { 'content-type': 'text/html' } }));

test('an answer from something else than the API is told apart', async () => {
  const world = createWorld({ fetch: html });
  const { client } = createBillingClient({ getSessionToken: createMerchant(world).ask, host: world.host });
  const result = client.mutation(EndSessionDocument, {}).toPromise();
  await world.advance(0);
  const { error } = await result;
  expect(error && billingErrorOf(error)).toMatchObject({ code: 'UNEXPECTED_ANSWER', status: 502 });
});
