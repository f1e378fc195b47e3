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

test('where AbortSignal.timeout is not there yet, a lock is waited for, and a tab asks', async () => {
  vi.stubGlobal('navigator', {
    onLine: true,
    locks: { request: (_name: string, _o: object, run: () => unknown) => run() },
  });
  vi.spyOn(AbortSignal, 'timeout').mockImplementation(undefined as never);
  await expect(openSession().getToken()).resolves.toMatch(/^bos_session_test_/);
});
