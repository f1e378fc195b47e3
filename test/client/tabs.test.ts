import { expect, test } from 'vitest';
import { BillingOSError } from '../../client/errors.ts';
import type { Host } from '../../client/session/host.ts';
import { instantOf, type HeldToken } from '../../client/session/life.ts';
import { isTerminal } from '../../client/session/state.ts';
import { channelOf, type News } from '../../client/session/tabs.ts';
import type { TokenOptions } from '../../client/token-options.ts';
import { createMerchant, type Merchant } from './support/merchant.ts';
import { sessionOf } from './support/session.ts';
import { createToken } from './support/token.ts';
import { createWorld, type World } from './support/world.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const refusal = new BillingOSError('TOKEN_REVOKED', 'Revoked.');

function startSession(merchant: Merchant, host: Host) {
  // An answer takes longer than the news that it was asked for.
  merchant.answerAfterMs = 20;
  const session = sessionOf({ getSessionToken: merchant.ask, tabGroup: 'shop' }, host);
  session.start();
  return session;
}

/** Two tabs that were opened together, in a browser whose first tab is the world's own. */
async function openTwo(lifetimeSeconds = 3600) {
  const world = createWorld();
  const merchant = createMerchant(world, lifetimeSeconds);
  const tab = world.newTab();
  const first = startSession(merchant, world.host);
  const second = startSession(merchant, tab.host);
  await world.advance(100);
  return { world, merchant, first, second, tab };
}

const openAnother = (world: World, merchant: Merchant) => startSession(merchant, world.newTab().host);

test('tabs that are opened together share one ask', async () => {
  const { merchant, first, second } = await openTwo();
  expect(merchant.asks).toHaveLength(1);
  expect(first.newest()?.token).toBe(merchant.latestToken());
  expect(second.newest()?.token).toBe(merchant.latestToken());
});

test('twenty tabs share one ask for each renewal', async () => {
  const { world, merchant } = await openTwo(60);
  for (let count = 2; count < 20; count += 1) openAnother(world, merchant);
  await world.advance(hourMs);
  expect(merchant.asks.length).toBeLessThanOrEqual(3600 / (0.8 * 60) + 2);
});

test('a tab that is opened within five seconds of an ask takes the token that came', async () => {
  const { world, merchant } = await openTwo();
  await world.advance(4_000);
  const third = openAnother(world, merchant);
  await world.advance(100);
  expect(third.newest()?.token).toBe(merchant.latestToken());
  expect(merchant.asks).toHaveLength(1);
});

test('a tab that is opened later asks itself: somebody else may be logged in', async () => {
  const { world, merchant, first, second } = await openTwo();
  await world.advance(minuteMs);
  merchant.customerId = 'cus_grace';
  const third = openAnother(world, merchant);
  await world.advance(100);
  for (const session of [first, second, third]) {
    expect(session.newest()?.life.claims.customerId).toBe('cus_grace');
  }
  expect(merchant.asks).toHaveLength(2);
});

test('the visible tab asks, and the hidden one gets its token', async () => {
  const { world, merchant, second, tab } = await openTwo(60);
  tab.page.isVisible = false;
  await world.advance(10 * minuteMs);
  expect(second.isUsable()).toBe(true);

  world.page.isVisible = false;
  const asksBefore = merchant.asks.length;
  await world.advance(10 * minuteMs);
  expect(merchant.asks).toHaveLength(asksBefore);
});

test('a tab waits for the ask that another one has under way', async () => {
  const { world, merchant, first, second } = await openTwo(60);
  const token = first.newest()?.token ?? '';
  await world.advance(10_000);
  first.refused(token, refusal);
  second.refused(token, refusal);
  const tokens = Promise.all([first.getToken(), second.getToken()]);
  await world.advance(100);
  expect(await tokens).toEqual([merchant.latestToken(), merchant.latestToken()]);
  expect(merchant.asks).toHaveLength(2);
});

test('a tab whose token was refused does not take that one again from another tab', async () => {
  const { world, merchant, first } = await openTwo();
  const token = first.newest()?.token ?? '';
  merchant.answer = 'unreachable';
  first.refused(token, refusal);
  openAnother(world, merchant);
  await world.advance(1_000);
  expect(first.isUsable()).toBe(false);
});

test('a sign-out in one tab signs out the others, and leaves no token', async () => {
  const { world, merchant, first, second } = await openTwo();
  first.signOut();
  await world.advance(10);
  expect(second.state()).toMatchObject({ kind: 'signedOut', error: { code: 'SIGNED_OUT' } });
  expect(second.newest()).toBeUndefined();
  await world.advance(10 * hourMs);
  expect(merchant.asks).toHaveLength(1);
});

test('an answer that was on its way to another tab at sign-out is dropped', async () => {
  const { world, merchant, first, second } = await openTwo();
  await world.advance(minuteMs);
  merchant.answer = 'silence';
  second.retry();
  await world.advance(10);
  first.signOut();
  await world.advance(hourMs);
  expect(second.state().kind).toBe('signedOut');
});

test('what one tab learns of a login that has ended, all know', async () => {
  const { world, merchant, first, second } = await openTwo(60);
  merchant.answer = 'nobody';
  await world.advance(2 * minuteMs);
  expect([first.state().kind, second.state().kind]).toEqual(['signedOut', 'signedOut']);
  expect(merchant.asks).toHaveLength(2);
});

test('tabs that were signed out because the login had ended go on when somebody logs in', async () => {
  const { world, merchant, first } = await openTwo(60);
  merchant.answer = 'nobody';
  await world.advance(2 * minuteMs);
  merchant.answer = 'fresh';
  openAnother(world, merchant);
  await world.advance(100);
  expect(first.newest()?.token).toBe(merchant.latestToken());
  expect(first.state().kind).toBe('ready');
});

test('the tab in which the app signed out takes no other tab’s token until retry', async () => {
  const { world, merchant, first } = await openTwo();
  first.signOut();
  await world.advance(minuteMs);
  const third = openAnother(world, merchant);
  await world.advance(100);
  expect(third.state().kind).toBe('ready');
  expect(first.newest()).toBeUndefined();

  first.retry();
  await world.advance(5_000);
  expect(first.state().kind).toBe('ready');
});

test('a tab that is opened after a sign-out is not signed out by it', async () => {
  const { world, merchant, first } = await openTwo();
  first.signOut();
  await world.advance(10);
  const third = openAnother(world, merchant);
  await world.advance(6_000);
  expect(third.state().kind).toBe('ready');
});

test('each tab that was answered with Retry-After asks no sooner, and none within five seconds of another', async () => {
  const world = createWorld();
  const asks: number[] = [];
  const ask = async () => {
    asks.push(world.nowMs());
    await world.pass(20);
    throw new BillingOSError('UNAVAILABLE', 'Later.', { retryAfterSeconds: 120 });
  };
  for (const { host } of [world, world.newTab()]) sessionOf({ getSessionToken: ask, tabGroup: 'shop' }, host).start();
  await world.advance(119_000);
  expect(asks).toHaveLength(2);
  expect((asks[1] ?? 0) - (asks[0] ?? 0)).toBeGreaterThanOrEqual(5_000);
});

test('a page that comes back from the back-forward cache asks anew, since somebody else may be logged in', async () => {
  const world = createWorld();
  const merchant = createMerchant(world);
  const session = startSession(merchant, world.host);
  await world.advance(minuteMs);
  merchant.customerId = 'cus_grace';
  await world.wake('restored');
  await world.advance(100);
  expect(session.newest()?.life.claims.customerId).toBe('cus_grace');
  expect(merchant.asks).toHaveLength(2);
});

test('a page that comes back from the back-forward cache keeps its token while asking fails', async () => {
  const world = createWorld();
  const merchant = createMerchant(world);
  const session = startSession(merchant, world.host);
  await world.advance(minuteMs);
  merchant.answer = 'unreachable';
  await world.wake('restored');
  await world.advance(1_000);
  await expect(session.getToken()).resolves.toBe(merchant.latestToken());
});

test('a hidden page that came back while asking failed asks again before it uses the token of then', async () => {
  const world = createWorld();
  const merchant = createMerchant(world);
  const session = startSession(merchant, world.host);
  await world.advance(minuteMs);
  merchant.answer = 'unreachable';
  world.page.isVisible = false;
  await world.wake('restored');
  void session.getToken();
  await world.advance(1_000);
  merchant.answer = 'fresh';
  merchant.customerId = 'cus_grace';
  await world.advance(10 * minuteMs);
  const token = session.getToken();
  await world.advance(1_000);
  expect(session.newest()?.life.claims.customerId).toBe('cus_grace');
  expect(await token).toBe(merchant.latestToken());
});

test('a page that comes back gives up a token from before a sign-out, though asking fails', async () => {
  const { world, merchant, first } = await openTwo();
  await world.advance(minuteMs);
  merchant.answer = 'unreachable';
  const leftAtMs = world.nowMs();
  await world.advance(2_000);
  await world.wake('restored');
  tell(world, { signedOutAtMs: leftAtMs });
  await world.advance(100);
  expect(first.newest()).toBeUndefined();
  expect(isTerminal(first.state())).toBe(false);
});

test('a tab that was opened after a sign-out takes no token from before it', async () => {
  const { world, merchant, first } = await openTwo();
  await world.advance(10);
  const before = instantOf(world.host.clock);
  const third = openAnother(world, merchant);
  const { newest } = first;
  tell(world, { signedOutAtMs: before.monotonicMs });
  tell(world, { held: newest() });
  merchant.answer = 'nobody';
  await world.advance(10_000);
  expect(third.newest()).toBeUndefined();
  expect(third.state().kind).toBe('signedOut');
});

test('the answer to an ask from before a page left is not taken after it came back', async () => {
  const world = createWorld();
  const merchant = createMerchant(world);
  const session = startSession(merchant, world.host);
  merchant.answerAfterMs = 2_000;
  await world.advance(1_000);
  merchant.customerId = 'cus_grace';
  await world.wake('restored');
  await world.advance(30_000);
  expect(session.newest()?.life.claims.customerId).toBe('cus_grace');
});

test('a signed-out page that comes back from the back-forward cache asks anew', async () => {
  const world = createWorld();
  const merchant = createMerchant(world);
  merchant.answer = 'nobody';
  const session = startSession(merchant, world.host);
  await world.advance(minuteMs);
  expect(session.state().kind).toBe('signedOut');
  merchant.answer = 'fresh';
  await world.wake('restored');
  await world.advance(1_000);
  expect(session.state().kind).toBe('ready');
});

/** A tab of a browser that tells this much; its clocks are those of the first one. */
function tell({ host, newTab }: World, news: Partial<News>) {
  const never = -Infinity;
  const channel = newTab().host.tabs?.listen(channelOf('shop'), () => {});
  const quiet = { held: undefined, askedAtMs: never, signedOutAtMs: never, isNew: false };
  channel?.post({ ...quiet, ...instantOf(host.clock), ...news });
  channel?.close();
}

/** What another tab holds that asked at this moment. */
function heldSince(held: HeldToken | undefined, token: string, monotonicMs: number) {
  return held && { token, life: { ...held.life, since: { ...held.life.since, monotonicMs } } };
}

test('a tab that hears late of an ask is not held back by it', async () => {
  const world = createWorld();
  const merchant = createMerchant(world, 600);
  const session = startSession(merchant, world.host);
  await world.advance(minuteMs);
  const askedAtMs = world.host.clock.monotonicMs();
  world.page.isVisible = false;
  await world.advance(hourMs);
  tell(world, { askedAtMs });
  await world.advance(2);
  const token = session.getToken();
  await world.advance(1_000);
  await expect(token).resolves.toBe(merchant.latestToken());
});

test('a tab that hears late of a sign-out holds no token until it has asked, and keeps the one that it has otherwise', async () => {
  const { world, first, tell: tellOf } = await openWithNews();
  const { calendarMs, monotonicMs } = instantOf(world.host.clock);
  const told = { calendarMs: calendarMs - minuteMs, monotonicMs: monotonicMs - minuteMs };
  tellOf({ ...told, held: first.newest() });
  await world.advance(2);
  expect(first.state().kind).toBe('ready');
  tellOf(told);
  await world.advance(2);
  expect(first.isUsable()).toBe(true);
  tellOf({ ...told, signedOutAtMs: told.monotonicMs });
  await world.advance(2);
  expect([first.isUsable(), first.newest()]).toEqual([false, undefined]);
  await world.advance(100);
  expect(first.state().kind).toBe('ready');
});

test('a sign-out that was told by another calendar signs nobody out', async () => {
  const { world, first, tell: tellOf } = await openWithNews();
  const { calendarMs, monotonicMs } = instantOf(world.host.clock);
  tellOf({ calendarMs: calendarMs + hourMs, monotonicMs, signedOutAtMs: monotonicMs });
  await world.advance(2);
  expect(first.state().kind).not.toBe('signedOut');
  await world.advance(100);
  expect(first.state().kind).toBe('ready');
});

test('a sign-out of before a token came takes it from nobody, though the calendar is set while it is told', async () => {
  const { world, first, tell: tellOf } = await openWithNews();
  await world.advance(hourMs);
  const { calendarMs, monotonicMs } = instantOf(world.host.clock);
  const newest = first.newest();
  tellOf({ calendarMs: calendarMs - hourMs, monotonicMs, signedOutAtMs: monotonicMs - hourMs / 2 });
  await world.advance(2);
  expect([first.isUsable(), first.newest()]).toEqual([true, newest]);
});

test('an operation that waits because a calendar took its token for over goes on when that is set back', async () => {
  const { world, first, tell: tellOf } = await openWithNews();
  const newest = first.newest()?.token;
  // Nobody asks for five seconds from now on.
  tellOf({ askedAtMs: world.host.clock.monotonicMs() });
  await world.advance(2);
  world.sleep(2 * hourMs);
  let token: string | undefined;
  void first.getToken().then((given) => (token = given));
  await world.advance(1_000);
  expect(token).toBeUndefined();
  world.sleep(-2 * hourMs);
  await world.advance(4_000);
  expect(token).toBe(newest);
});

test('a message that is none of ours shortens no gap between two asks', async () => {
  const world = createWorld();
  const merchant = createMerchant(world, 60);
  const session = startSession(merchant, world.host);
  await world.advance(1_000);
  world
    .newTab()
    .host.tabs?.listen(channelOf('shop'), () => {})
    ?.post({ hello: 'world' });
  await world.advance(10);
  for (let times = 0; times < 2; times += 1) {
    session.refused(session.newest()?.token ?? '', refusal);
    await world.advance(5_000);
  }
  const [first = 0, second = 0, third = 0] = merchant.asks;
  expect(Math.min(second - first, third - second)).toBeGreaterThanOrEqual(5_000);
});

test('an older sign-out does not undo a later one', async () => {
  const { world, first, tell: tellOf } = await openWithNews();
  const beganMs = world.host.clock.monotonicMs() - minuteMs;
  const between = createToken({ name: 'between', issuedAtSeconds: 1_800_000_030 });
  const held = heldSince(first.newest(), between, beganMs + 40_000);
  for (const news of [{ signedOutAtMs: beganMs + 50_000 }, { signedOutAtMs: beganMs + 30_000 }]) tellOf(news);
  await world.advance(2);
  tellOf({ held });
  await world.advance(2);
  expect(first.newest()).toBeUndefined();
});

test('news of a sign-out and of a later login in one message is a login', async () => {
  const { world, first, tell: tellOf } = await openWithNews();
  const kinds: string[] = [];
  first.subscribe(() => kinds.push(first.state().kind));
  const beganMs = world.host.clock.monotonicMs() - minuteMs;
  const next = createToken({ name: 'next', issuedAtSeconds: 1_800_000_055 });
  tellOf({ signedOutAtMs: beganMs + 50_000, held: heldSince(first.newest(), next, beganMs + 55_000) });
  await world.advance(2);
  expect(kinds).toEqual(['ready']);
});

/** One tab that has had its token for a minute. */
async function openWithNews() {
  const world = createWorld();
  const first = startSession(createMerchant(world), world.host);
  await world.advance(minuteMs);
  return { world, first, tell: (news: Partial<News>) => tell(world, news) };
}

test('a token that ended with a sign-out does not come back from another tab', async () => {
  const { world, merchant, first, second } = await openTwo();
  await world.advance(minuteMs);
  merchant.answer = 'same';
  first.signOut();
  await world.advance(10);
  openAnother(world, merchant);
  await world.advance(6_000);
  expect(second.newest()).toBeUndefined();
});

test('the same token out of a cache lives no longer in any tab', async () => {
  const { world, merchant, first } = await openTwo();
  await world.advance(50 * minuteMs);
  merchant.answer = 'same';
  openAnother(world, merchant);
  await world.advance(6_000);
  expect(first.remainingMs()).toBeLessThan(10 * minuteMs);
});

test('after retry an older ask of another tab does not win over the own one', async () => {
  const { world, merchant, first, second } = await openTwo();
  await world.advance(minuteMs);
  const tokenAtMs = world.host.clock.monotonicMs();
  await world.advance(1_000);
  merchant.customerId = 'cus_grace';
  merchant.answerAfterMs = 1_000;
  second.retry();
  await world.advance(10);
  const late = createToken({ name: 'late', issuedAtSeconds: 1_800_000_061 });
  tell(world, { held: heldSince(first.newest(), late, tokenAtMs) });
  await world.advance(20_000);
  expect(second.newest()?.life.claims.customerId).toBe('cus_grace');
});

test('a tab that asks in the moment of a sign-out brings nobody back', async () => {
  const { world, merchant, first, second } = await openTwo();
  const third = openAnother(world, merchant);
  await world.advance(minuteMs);
  const token = second.newest()?.token ?? '';
  first.signOut();
  second.refused(token, refusal);
  await world.advance(10_000);
  expect([second.state().kind, third.state().kind]).toEqual(['signedOut', 'signedOut']);
});

test.each([-10 * minuteMs, -3_000, 3_000, 10 * minuteMs])(
  'tabs whose monotonic clocks began %s ms apart sign out together, and trust no older login',
  async (apartMs) => {
    const { world, merchant, first } = await openTwo();
    await world.advance(10 * minuteMs);
    merchant.customerId = 'cus_grace';
    const { host } = world.newTab();
    const clock = { ...host.clock, monotonicMs: () => host.clock.monotonicMs() + apartMs };
    const third = startSession(merchant, { ...host, clock });
    await world.advance(1_000);
    expect(third.newest()?.life.claims.customerId).toBe('cus_grace');
    expect(first.newest()?.life.claims.customerId).toBe('cus_grace');

    await world.advance(minuteMs);
    third.signOut();
    await world.advance(10);
    expect(first.state().kind).toBe('signedOut');
  },
);

test('a tab that was stopped learns from the others when it starts again', async () => {
  const { world, merchant, first, second } = await openTwo();
  second.dispose();
  await world.advance(minuteMs);
  first.signOut();
  await world.advance(10);
  second.start();
  await world.advance(10);
  expect(second.state().kind).toBe('signedOut');
  expect(merchant.asks).toHaveLength(1);
});

test('sessions of different groups share nothing', async () => {
  const world = createWorld();
  const merchant = createMerchant(world);
  startSession(merchant, world.host);
  sessionOf({ getSessionToken: merchant.ask, tabGroup: 'other' }, world.newTab().host).start();
  sessionOf({ getSessionToken: merchant.ask }, world.newTab().host).start();
  await world.advance(100);
  expect(merchant.asks).toHaveLength(3);
});

const headers = { 'x-org': 'a' };

test.each<[string, TokenOptions]>([
  ['the same URL', { sessionTokenUrl: '/token' }],
  ['headers of its own and a group', { sessionTokenUrl: '/token', sessionTokenRequest: { headers }, tabGroup: 'a' }],
])('two tabs with %s share one ask', async (_name, options) => {
  expect(await asksOfTwo(options)).toBe(1);
});

test.each<[string, TokenOptions]>([
  ['a URL that is relative to its page', { sessionTokenUrl: 'token' }],
  ['headers of its own', { sessionTokenUrl: '/token', sessionTokenRequest: { headers } }],
  ['tabGroup: false', { sessionTokenUrl: '/token', tabGroup: false }],
])('two tabs with %s ask for themselves', async (_name, options) => {
  expect(await asksOfTwo(options)).toBe(2);
});

async function asksOfTwo(options: TokenOptions): Promise<number> {
  let asks = 0;
  const world: World = createWorld({
    fetch: async () => {
      asks += 1;
      await world.pass(20);
      return Response.json({ sessionToken: createToken({ name: `${asks}` }) });
    },
  });
  for (const { host } of [world, world.newTab()]) sessionOf(options, host).start();
  await world.advance(100);
  return asks;
}

test('disposing every tab leaves no timer, listener or channel', async () => {
  const { world, first, second } = await openTwo(60);
  await world.advance(10 * minuteMs);
  first.dispose();
  second.dispose();
  await world.advance(10);
  expect([world.timerCount(), world.listenerCount()]).toEqual([0, 0]);
});
