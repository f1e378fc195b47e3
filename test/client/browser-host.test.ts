// @vitest-environment happy-dom
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { createHost } from '../../client/session/browser-host.ts';
import { sessionOf } from './support/session.ts';
import { createToken } from './support/token.ts';

afterEach(() => vi.unstubAllGlobals());

test('a page that wakes says so, whatever woke it, until nobody listens', () => {
  const wakes: string[] = [];
  const stop = createHost().page.onWake((wake) => wakes.push(wake));
  for (const type of ['online', 'focus', 'pageshow']) dispatchEvent(new Event(type));
  document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
  expect(wakes).toEqual(['online', 'shown', 'shown', 'shown']);

  stop();
  dispatchEvent(new Event('focus'));
  expect(wakes).toHaveLength(4);
});

test('a page knows whether it is seen and whether there is a network', () => {
  const { page } = createHost();
  expect(page.isVisible()).toBe(true);
  expect(page.isOnline()).toBe(true);
});

function openSession() {
  const fetch = () => Promise.resolve(Response.json({ sessionToken: createToken() }));
  const session = sessionOf({ sessionTokenUrl: '/token' }, { ...createHost(), fetch });
  onTestFinished(session.dispose);
  session.start();
  return session;
}

test('where a page may have no BroadcastChannel, a tab asks for itself', async () => {
  vi.stubGlobal('BroadcastChannel', function forbidden() {
    throw new DOMException('The operation is insecure.', 'SecurityError');
  });
  await expect(openSession().getToken()).resolves.toMatch(/^bos_session_test_/);
});

const never = new Promise<void>(() => {});

/** One queue, as `navigator.locks` keeps one for each name. */
function stubLocks(isStuck: (name: string) => boolean = () => false) {
  const queues = new Map<string, Promise<unknown>>();
  const request = (name: string, run: () => unknown) => {
    if (isStuck(name)) return never;
    const turn = (queues.get(name) ?? Promise.resolve()).then(run);
    queues.set(name, turn);
    return turn;
  };
  vi.stubGlobal('navigator', { onLine: true, locks: { request } });
}

async function openTabs() {
  vi.resetModules();
  const fresh = await import('../../client/session/browser-host.ts');
  const { tabs } = fresh.createHost();
  if (!tabs) throw new Error('This page has no other tabs.');
  const begun: string[] = [];
  return {
    begun,
    takeTurn: (name: string, work: Promise<void>) => tabs.takeTurns('turns', () => (begun.push(name), work)),
  };
}

test('who waited two seconds for a turn takes it, one after the other', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  stubLocks();
  const { begun, takeTurn } = await openTabs();
  for (const name of ['first', 'second', 'third']) takeTurn(name, never);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(begun).toEqual(['first']);
  await vi.advanceTimersByTimeAsync(60);
  expect(begun).toEqual(['first', 'second']);
  await vi.advanceTimersByTimeAsync(100);
  expect(begun).toEqual(['first', 'second', 'third']);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(begun).toHaveLength(3);
});

test('who waited in vain for the turn of those who had waited takes it, too', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  stubLocks(() => true);
  const { begun, takeTurn } = await openTabs();
  takeTurn('only', never);
  await vi.advanceTimersByTimeAsync(3_900);
  expect(begun).toEqual([]);
  await vi.advanceTimersByTimeAsync(200);
  expect(begun).toEqual(['only']);
});

test('who takes a turn after two seconds holds up those behind, when the one before gives way in that moment', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  stubLocks();
  const { begun, takeTurn } = await openTabs();
  let giveWay!: () => void;
  takeTurn('first', new Promise((resolve) => (giveWay = resolve)));
  takeTurn('second', never);
  await vi.advanceTimersByTimeAsync(1_000);
  takeTurn('third', never);
  await vi.advanceTimersByTimeAsync(1_049);
  expect(begun).toEqual(['first']);
  await vi.advanceTimersByTimeAsync(6);
  expect(begun).toEqual(['first', 'second']);
  giveWay();
  await vi.advanceTimersByTimeAsync(500);
  expect(begun).toEqual(['first', 'second']);
});

test('where locks are forbidden, a tab asks', async () => {
  const request = () => Promise.reject(new DOMException('The request was denied.', 'SecurityError'));
  vi.stubGlobal('navigator', { onLine: true, locks: { request } });
  const { begun, takeTurn } = await openTabs();
  takeTurn('only', never);
  await expect.poll(() => begun).toEqual(['only']);
});
