import { expect, test } from 'vitest';
import { BillingOSError } from '../../client/errors.ts';
import { createMerchant } from './support/merchant.ts';
import { reportedErrors } from './support/reported-errors.ts';
import { createToken } from './support/token.ts';
import { sessionOf } from './support/session.ts';
import { createWorld } from './support/world.ts';

const hourMs = 3_600_000;
const refusal = new BillingOSError('TOKEN_REVOKED', 'Revoked.');

function createScene(lifetimeSeconds = 3600) {
  const world = createWorld();
  const merchant = createMerchant(world, lifetimeSeconds);
  const session = sessionOf({ getSessionToken: merchant.ask }, world.host);
  const kind = () => session.state().kind;
  return { world, merchant, session, kind };
}

async function createReadyScene(lifetimeSeconds?: number) {
  const scene = createScene(lifetimeSeconds);
  scene.session.start();
  await scene.world.advance(0);
  expect(scene.kind()).toBe('ready');
  return scene;
}

test('nothing is asked before start', async () => {
  const { world, merchant, session, kind } = createScene();
  const token = session.getToken();
  await world.advance(hourMs);
  expect(merchant.asks).toEqual([]);
  expect(kind()).toBe('idle');

  session.start();
  await world.advance(0);
  await expect(token).resolves.toBe(merchant.latestToken());
});

test('fifty who wait for a token cause one ask', async () => {
  const { world, merchant, session } = createScene();
  session.start();
  const tokens = Promise.all(Array.from({ length: 50 }, () => session.getToken()));
  await world.advance(0);
  expect(new Set(await tokens)).toEqual(new Set([merchant.latestToken()]));
  expect(merchant.asks).toHaveLength(1);
});

test('a token is replaced before it ends, and nobody waits for that', async () => {
  const { world, merchant, session } = await createReadyScene(60);
  const first = merchant.latestToken();
  await world.advance(52_000);
  expect(merchant.asks).toHaveLength(1);
  await world.advance(1_000);
  expect(merchant.asks).toHaveLength(2);
  await expect(session.getToken()).resolves.not.toBe(first);
});

test('the old token serves while it counts when its renewal fails', async () => {
  const { world, merchant, session, kind } = await createReadyScene(60);
  merchant.answer = 'unreachable';
  await world.advance(55_000);
  expect(kind()).toBe('backingOff');
  await expect(session.getToken()).resolves.toBe(merchant.latestToken());

  await world.advance(5_000);
  expect(session.isUsable()).toBe(false);
  merchant.answer = 'fresh';
  const token = session.getToken();
  await world.advance(30_000);
  await expect(token).resolves.toBe(merchant.latestToken());
});

test('whoever waits is told why there is no token after three failed asks', async () => {
  const { world, merchant, session, kind } = createScene();
  merchant.answer = 'unreachable';
  session.start();
  const token = expect(session.getToken()).rejects.toMatchObject({ code: 'NETWORK_ERROR', retryable: true });
  await world.advance(60_000);
  await token;
  expect(merchant.asks.length).toBeGreaterThanOrEqual(3);
  expect(kind()).toBe('backingOff');
});

test('an ask that is never answered ends after ten seconds', async () => {
  const { world, merchant, session } = createScene();
  merchant.answer = 'silence';
  session.start();
  await world.advance(10_000);
  expect(session.state()).toMatchObject({ kind: 'backingOff', error: { code: 'TIMEOUT' } });
});

test('there is one ask at a time, however long it takes', async () => {
  const { world, merchant, session } = createScene();
  merchant.answer = 'silence';
  session.start();
  await world.advance(9_000);
  void session.getToken().catch(() => undefined);
  await world.wake('shown');
  expect(merchant.asks).toHaveLength(1);
});

test('a failure without network is told apart, and ends when the network is back', async () => {
  const { world, merchant, kind } = await createReadyScene(60);
  world.page.isOnline = false;
  merchant.answer = 'unreachable';
  await world.advance(58_000);
  expect(kind()).toBe('offline');

  world.page.isOnline = true;
  merchant.answer = 'fresh';
  await world.advance(1_000);
  await world.wake('online');
  await world.advance(5_000);
  expect(kind()).toBe('ready');
});

test('when nobody is logged in the session is signed out, and asks nobody until retry', async () => {
  const { world, merchant, session } = createScene();
  merchant.answer = 'nobody';
  session.start();
  await world.advance(10 * hourMs);
  await world.wake('shown');
  expect(session.state()).toMatchObject({ kind: 'signedOut', error: { code: 'SIGNED_OUT' } });
  await expect(session.getToken()).rejects.toMatchObject({ code: 'SIGNED_OUT' });
  expect(merchant.asks).toHaveLength(1);

  merchant.answer = 'fresh';
  session.retry();
  await world.advance(0);
  await expect(session.getToken()).resolves.toBe(merchant.latestToken());
});

test('after the app signed out nothing is asked and no token is left', async () => {
  const { world, merchant, session } = await createReadyScene();
  session.signOut();
  session.refused(merchant.latestToken(), refusal);
  await world.advance(10 * hourMs);
  expect(session.newest()).toBeUndefined();
  await expect(session.getToken()).rejects.toMatchObject({ code: 'SIGNED_OUT' });
  expect(merchant.asks).toHaveLength(1);
});

test('signing out twice is told once', async () => {
  const { session } = await createReadyScene();
  let changes = 0;
  session.subscribe(() => (changes += 1));
  session.signOut();
  session.signOut();
  expect(changes).toBe(1);
});

test('an answer that comes after sign-out is dropped', async () => {
  const { world, session, kind } = createScene();
  session.start();
  const token = expect(session.getToken()).rejects.toMatchObject({ code: 'SIGNED_OUT' });
  session.signOut();
  await world.advance(hourMs);
  await token;
  expect(kind()).toBe('signedOut');
  expect(session.newest()).toBeUndefined();
});

test('the refusal of the newest token replaces it once', async () => {
  const { world, merchant, session } = await createReadyScene();
  await world.advance(60_000);
  const first = merchant.latestToken();
  for (let refused = 0; refused < 50; refused += 1) session.refused(first, refusal);
  await world.settle();
  expect(merchant.asks).toHaveLength(2);
  await expect(session.getToken()).resolves.not.toBe(first);
});

test('the refusal of an old token asks nobody', async () => {
  const { world, merchant, session } = await createReadyScene(60);
  const first = merchant.latestToken();
  await world.advance(54_000);
  session.refused(first, refusal);
  await world.advance(10_000);
  expect(merchant.asks).toHaveLength(2);
});

test('three fresh tokens refused in a row break the session until retry', async () => {
  const { world, merchant, session } = await createReadyScene();
  for (let round = 0; round < 3; round += 1) {
    session.refused(merchant.latestToken(), refusal);
    await world.advance(5_000);
  }
  expect(session.state()).toMatchObject({ kind: 'broken', error: { code: 'TOKENS_REFUSED' } });
  await world.advance(hourMs);
  expect(merchant.asks).toHaveLength(3);

  session.retry();
  await world.advance(0);
  expect(session.state().kind).toBe('ready');
});

test('refusals with accepted tokens between them break nothing', async () => {
  const { world, merchant, session, kind } = await createReadyScene();
  for (let round = 0; round < 10; round += 1) {
    session.accepted(merchant.latestToken());
    session.refused(merchant.latestToken(), refusal);
    await world.advance(5_000);
  }
  expect(kind()).toBe('ready');
});

test('refusals with tokens between them that nobody refused break nothing', async () => {
  const { world, merchant, session, kind } = await createReadyScene(60);
  for (let round = 0; round < 5; round += 1) {
    session.refused(merchant.latestToken(), refusal);
    await world.advance(60_000);
  }
  expect(kind()).toBe('ready');
});

test('a source that repeats its token is told apart, and the token serves while it counts', async () => {
  const { world, merchant, session } = await createReadyScene(60);
  merchant.answer = 'same';
  await world.advance(55_000);
  expect(session.state()).toMatchObject({ kind: 'backingOff', error: { code: 'TOKEN_NOT_RENEWED' } });
  await expect(session.getToken()).resolves.toBe(merchant.latestToken());
});

test('a source that repeats a refused token breaks the session', async () => {
  const { world, merchant, session } = await createReadyScene();
  merchant.answer = 'same';
  session.refused(merchant.latestToken(), refusal);
  await world.advance(120_000);
  expect(session.state()).toMatchObject({ kind: 'broken', error: { code: 'TOKENS_REFUSED' } });
});

test('a hidden page asks for nothing, and asks once when it is shown', async () => {
  const { world, merchant } = await createReadyScene(60);
  world.page.isVisible = false;
  await world.advance(hourMs);
  expect(merchant.asks).toHaveLength(1);

  world.page.isVisible = true;
  await world.wake('shown');
  await world.wake('shown');
  expect(merchant.asks).toHaveLength(2);
});

test('a hidden page asks when an operation needs a token', async () => {
  const { world, merchant, session } = await createReadyScene(60);
  world.page.isVisible = false;
  await world.advance(hourMs);
  const token = session.getToken();
  await world.settle();
  await expect(token).resolves.toBe(merchant.latestToken());
});

test('a calendar that is a day ahead costs no token that counts', async () => {
  const { world, merchant, session } = await createReadyScene();
  world.setCalendar(1_800_000_000_000 + 24 * hourMs);
  merchant.answer = 'unreachable';
  await world.advance(hourMs - 1000);
  await expect(session.getToken()).resolves.toBe(merchant.latestToken());
});

test('a calendar that is set back delays no renewal', async () => {
  const { world, merchant } = await createReadyScene(60);
  world.setCalendar(0);
  await world.advance(54_000);
  expect(merchant.asks).toHaveLength(2);
});

test('sleep that only the calendar noticed is followed by a renewal within a minute', async () => {
  const { world, merchant } = await createReadyScene();
  world.sleep(2 * hourMs);
  await world.advance(60_000);
  expect(merchant.asks).toHaveLength(2);
});

test.each([
  [600, 600_000],
  [7200, 3_600_000],
  [-1, 3_600_000],
  [undefined, 3_600_000],
])('a token for an hour that comes with expiresIn %s counts for %s ms', async (expiresIn, lifetimeMs) => {
  const world = createWorld();
  const ask = async () => ({ sessionToken: createToken({ lifetimeSeconds: 3600 }), expiresIn });
  const session = sessionOf({ getSessionToken: ask }, world.host);
  session.start();
  await world.advance(0);
  expect(session.remainingMs()).toBe(lifetimeMs);
});

test('a token that was issued before the one that is held is not taken', async () => {
  const { merchant, session } = await createReadyScene();
  session.adopt(createToken({ name: 'older', issuedAtSeconds: 1_700_000_000 }));
  expect(session.newest()?.token).toBe(merchant.latestToken());
  expect(session.state()).toMatchObject({ kind: 'backingOff', error: { code: 'TOKEN_NOT_RENEWED' } });
});

test('start, dispose and start in one go are one ask', async () => {
  const { world, merchant, session } = createScene();
  session.start();
  session.dispose();
  session.start();
  await world.advance(0);
  expect(merchant.asks).toHaveLength(1);
});

test.each(['before the first ask', 'during an ask', 'with a token', 'backing off'])(
  'nothing is left behind by dispose %s',
  async (moment) => {
    const { world, merchant, session } = createScene();
    if (moment === 'during an ask') merchant.answer = 'silence';
    if (moment === 'backing off') merchant.answer = 'unreachable';
    session.start();
    if (moment !== 'before the first ask') await world.advance(0);
    session.dispose();
    expect(world.timerCount()).toBe(0);
    expect(world.listenerCount()).toBe(0);
    await world.advance(hourMs);
    expect(merchant.asks.length).toBeLessThanOrEqual(1);
  },
);

test('a session that was disposed keeps its token for the next start', async () => {
  const { world, merchant, session, kind } = await createReadyScene();
  session.dispose();
  session.start();
  await world.advance(60_000);
  expect(kind()).toBe('ready');
  expect(merchant.asks).toHaveLength(1);
});

test('an app that retries at every failure is held to one ask in five seconds', async () => {
  const { world, merchant, session } = createScene();
  merchant.answer = 'nobody';
  session.subscribe(() => session.state().kind === 'signedOut' && merchant.asks.length < 500 && session.retry());
  session.start();
  await world.advance(600_000);
  expect(merchant.asks.length).toBeLessThanOrEqual(120 + 12);
});

test('an app that retries at every answer is held to one ask in five seconds', async () => {
  const { world, merchant, session } = createScene();
  session.subscribe(() => session.state().kind === 'ready' && merchant.asks.length < 500 && session.retry());
  session.start();
  await world.advance(600_000);
  expect(merchant.asks.length).toBeLessThanOrEqual(120 + 12);
});

test('retry asks at once in the middle of a long backoff', async () => {
  const { world, merchant, session, kind } = createScene();
  merchant.answer = 'unreachable';
  session.start();
  await world.advance(1_000);
  expect(kind()).toBe('backingOff');

  merchant.answer = 'fresh';
  session.retry();
  await world.settle();
  expect(kind()).toBe('ready');
});

test('dispose and start forget no backoff', async () => {
  const world = createWorld();
  let asks = 0;
  const ask = () => {
    asks += 1;
    return Promise.reject(new BillingOSError('UNAVAILABLE', 'Later.', { retryAfterSeconds: 120 }));
  };
  const session = sessionOf({ getSessionToken: ask }, world.host);
  session.start();
  await world.advance(0);
  session.dispose();
  session.start();
  await world.advance(119_000);
  expect(asks).toBe(1);
  await world.advance(1_000);
  expect(asks).toBe(2);
});

test('a backoff is forgotten with the next token', async () => {
  const { world, merchant, session } = createScene();
  merchant.answer = 'unreachable';
  session.start();
  await world.advance(36_000);
  expect(merchant.asks).toEqual([0, 5_000, 15_000, 35_000]);

  const token = createToken();
  session.adopt(token);
  session.refused(token, refusal);
  await world.advance(5_000);
  expect(merchant.asks.at(-1)).toBe(40_000);
});

test.each(['sk_test_abc', createToken({ issuer: 'http://shop.example' })])(
  'a renewal that brings something hopeless drops no token that still counts',
  async (hopeless) => {
    const world = createWorld();
    const answers = [createToken({ lifetimeSeconds: 60 })];
    const ask = async () => answers.pop() ?? hopeless;
    const session = sessionOf({ getSessionToken: ask }, world.host);
    session.start();
    await world.advance(59_000);
    expect(session.state().kind).toBe('backingOff');
    await expect(session.getToken()).resolves.toBe(session.newest()?.token);

    await world.advance(60_000);
    expect(session.state().kind).toBe('broken');
  },
);

test('a listener that signs out when it is asked for the next token ends the ask', async () => {
  const { world, merchant, session, kind } = await createReadyScene();
  session.subscribe(() => kind() === 'refreshing' && session.signOut());
  await world.advance(hourMs);
  expect(kind()).toBe('signedOut');
  expect(merchant.asks).toHaveLength(1);
});

test('a listener that disposes when the next token is asked for leaves nothing behind', async () => {
  const { world, merchant, session, kind } = await createReadyScene();
  merchant.answer = 'silence';
  session.subscribe(() => kind() === 'refreshing' && session.dispose());
  await world.advance(hourMs);
  expect([merchant.asks.length, world.timerCount()]).toEqual([1, 0]);
});

test('whoever waits is told after three failed asks also when the app retries at each of them', async () => {
  const { world, merchant, session, kind } = createScene();
  merchant.answer = 'unreachable';
  session.subscribe(() => kind() === 'backingOff' && session.retry());
  session.start();
  const token = expect(session.getToken()).rejects.toMatchObject({ code: 'NETWORK_ERROR' });
  await world.advance(60_000);
  await token;
});

test('a retry while an ask from before the login is under way is not lost with its 401', async () => {
  const { world, merchant, session, kind } = createScene();
  merchant.answer = 'nobody';
  merchant.answerAfterMs = 2_000;
  session.start();
  await world.advance(1_000);
  merchant.answer = 'fresh';
  session.retry();
  await world.advance(30_000);
  expect(kind()).toBe('ready');
});

test('a listener that throws is reported and stops nothing', async () => {
  const reported = reportedErrors();
  const { world, merchant, session, kind } = createScene(60);
  let changes = 0;
  session.subscribe(() => {
    throw new Error('A mistake of the app.');
  });
  session.subscribe(() => (changes += 1));
  session.start();
  await world.advance(60_000);
  expect(merchant.asks).toHaveLength(2);
  expect(kind()).toBe('ready');
  expect(changes).toBe(4);
  expect(reported).toHaveLength(4);
});

test('one function that subscribed twice is called twice, and stopped once each', async () => {
  const { world, session } = createScene();
  let calls = 0;
  const listener = () => void (calls += 1);
  const stop = session.subscribe(listener);
  session.subscribe(listener);
  session.start();
  await world.advance(0);
  expect(calls).toBe(4);

  stop();
  session.signOut();
  expect(calls).toBe(5);
});

function createGivenScene(token: string | null) {
  const world = createWorld();
  const session = sessionOf({ sessionToken: token }, world.host);
  session.start();
  return { world, session, kind: () => session.state().kind };
}

test('a given token of another customer is taken, however old it is', async () => {
  const { session } = createGivenScene(createToken());
  const other = createToken({ customerId: 'cus_grace', issuedAtSeconds: 1_700_000_000 });
  session.adopt(other);
  await expect(session.getToken()).resolves.toBe(other);
});

test('a given token that is older than the held one changes nothing', async () => {
  const held = createToken();
  const { session, kind } = createGivenScene(held);
  session.adopt(createToken({ name: 'older', issuedAtSeconds: 1_700_000_000 }));
  expect(kind()).toBe('ready');
  await expect(session.getToken()).resolves.toBe(held);
});

test.each(['ready', 'signedOut'])(
  'a given token that is none breaks a session that is %s, and the one before serves no longer',
  async (before) => {
    const { session, kind } = createGivenScene(createToken());
    if (before === 'signedOut') session.signOut();
    expect(kind()).toBe(before);
    session.adopt('bos_session_test_half');
    expect(session.state()).toMatchObject({ kind: 'broken', error: { code: 'INVALID_TOKEN' } });
    await expect(session.getToken()).rejects.toMatchObject({ code: 'INVALID_TOKEN' });
    expect(session.isUsable()).toBe(false);
  },
);

test('each bad token that is given replaces the error of the one before, and is told', () => {
  const { session } = createGivenScene(null);
  const told: unknown[] = [];
  session.subscribe(() => told.push((session.state() as { error: BillingOSError }).error));

  for (const token of ['hello', 'world', 'sk_test_abc']) {
    session.adopt(token);
    session.adopt(token);
    expect(session.state()).toMatchObject({ kind: 'broken', error: told.at(-1) });
  }

  expect(new Set(told).size).toBe(3);
  expect(told).toMatchObject([{ code: 'INVALID_TOKEN' }, { code: 'INVALID_TOKEN' }, { code: 'SECRET_KEY_IN_BROWSER' }]);
});

test('a bad token that is given again after a good one breaks the session again', () => {
  const { session, kind } = createGivenScene('hello');
  session.adopt(createToken());
  expect(kind()).toBe('ready');
  session.adopt('hello');
  expect(kind()).toBe('broken');
});

test('a token that was signed out does not come back', async () => {
  const token = createToken();
  const { session, kind } = createGivenScene(token);
  session.signOut();
  session.adopt(token);
  session.dispose();
  session.start();
  expect(kind()).toBe('signedOut');
  expect(session.newest()).toBeUndefined();

  session.adopt(createToken({ name: 'next' }));
  expect(kind()).toBe('ready');
});

test('a secret key as token breaks the session at once and does not show in the error', async () => {
  const world = createWorld();
  const session = sessionOf({ getSessionToken: async () => 'sk_test_abc' }, world.host);
  session.start();
  await world.advance(0);
  expect(session.state()).toMatchObject({ kind: 'broken', error: { code: 'SECRET_KEY_IN_BROWSER' } });
  expect(JSON.stringify(session.state()) + String((session.state() as { error: Error }).error)).not.toContain('abc');
});

test('what the session shows never contains the token', async () => {
  const { merchant, session } = await createReadyScene();
  expect(JSON.stringify(session.state())).not.toContain(merchant.latestToken().slice(-20));
});
