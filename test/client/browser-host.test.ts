// @vitest-environment happy-dom
import { expect, test } from 'vitest';
import { createHost } from '../../client/session/browser-host.ts';

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
