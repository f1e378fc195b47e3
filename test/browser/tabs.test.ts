import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser, photograph } from '../support/browser.ts';
import {
  askService,
  customerOf,
  logInSilently,
  pause,
  pauseBeforeRenewal,
  run,
  stateOf,
  tokenOf,
  type Traffic,
  watch,
  watchTraffic,
} from '../support/shop-page.ts';
import { type RunningShop, startShop } from '../support/shop.ts';

let browser: Browser;
let shop: RunningShop;

beforeAll(async () => {
  browser = await launchBrowser();
  shop = await startShop();
});

afterAll(async () => {
  await browser.close();
  await shop.stop();
});

test('two tabs that are opened together share one ask, and one more for each next token', async () => {
  const { context, first, second, traffic } = await openTwoTabs();
  const token = await tokenOf(first);
  expect(await tokenOf(second)).toBe(token);
  expect(await customerOf(first)).toContain('mara@example.com');
  expect(await customerOf(second)).toContain('mara@example.com');
  expect(traffic.asks()).toBe(1);

  await pauseBeforeRenewal(first);
  await runUntilAsk(context, traffic);

  await expect.poll(() => tokenOf(first)).not.toBe(token);
  await expect.poll(() => tokenOf(second)).toBe(await tokenOf(first));
  // Past the moment at which the other tab would have asked.
  await run(context, 6);
  expect(traffic.asks()).toBe(2);
  expect((await askService(second)).status()).toBe(200);
  expect([await stateOf(first), await stateOf(second)]).toEqual(['ready', 'ready']);
  await photograph(second, 'tabs-after-renewal');
});

test('signing out in one tab signs out the other one at once, and leaves it no token', async () => {
  const { context, first, second, traffic } = await openTwoTabs();
  // No time passes from here on: the other tab is told, and does not find out by itself.
  await pause(first);

  await first.getByRole('button', { name: 'Sign out' }).click();

  await expect.poll(() => stateOf(second)).toBe('signedOut');
  expect(await tokenOf(second)).toBe('none');
  expect(await second.content()).not.toContain('mara@example.com');
  await photograph(second, 'tabs-signed-out');
  await expect.poll(traffic.operations).toBe(3);
  await second.getByRole('button', { name: 'Ask the service again' }).click();
  await run(context, 60);
  expect(traffic.operations()).toBe(3);
  expect(traffic.asks()).toBe(1);
});

test('a tab that finds somebody else logged in takes the other tab along, which shows nothing of the one before', async () => {
  const { context, first, second, traffic } = await openTwoTabs();
  const token = await tokenOf(first);
  const cards = await watch(first, '.cards');
  await context.clock.fastForward(6_000); // A tab trusts what another one was given five seconds before it was opened.

  await logInSilently(context, shop.shopUrl, 'user_tomas');
  await second.reload();

  await expect.poll(() => customerOf(first)).toContain('tomas@example.com');
  expect(await customerOf(second)).toContain('tomas@example.com');
  expect(await tokenOf(first)).toBe(await tokenOf(second));
  expect(traffic.asks()).toBe(2);
  expect(await (await askService(first)).text()).toContain('tomas@example.com');
  const since = (await cards()).filter((text) => !text.includes(token));
  expect(since.filter((text) => text.includes('mara@example.com'))).toEqual([]);
  expect(since.filter((text) => text.includes('tomas@example.com'))).not.toEqual([]);
  await photograph(first, 'tabs-other-customer');
});

test('a login as somebody else that no tab has noticed shows in all of them at the next renewal', async () => {
  const { context, first, second, traffic } = await openTwoTabs();
  await pauseBeforeRenewal(first);
  await logInSilently(context, shop.shopUrl, 'user_tomas');

  await runUntilAsk(context, traffic);

  await expect.poll(() => customerOf(first)).toContain('tomas@example.com');
  await expect.poll(() => customerOf(second)).toContain('tomas@example.com');
  expect(traffic.asks()).toBe(2);
});

const runUntilAsk = async (context: BrowserContext, { asks }: Traffic): Promise<void> => {
  const before = asks();
  await expect.poll(() => run(context, 0.5).then(asks)).toBe(before + 1);
};

/** Mara at the shop, in two tabs of one browser whose clock can be moved. */
async function openTwoTabs() {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 } });
  const traffic = watchTraffic(context);
  await context.clock.install();
  await logInSilently(context, shop.shopUrl, 'user_mara');
  const open = async () => {
    const page = await context.newPage();
    await page.goto(shop.shopUrl);
    await page.getByTestId('customer').waitFor();
    return page;
  };
  const [first, second] = await Promise.all([open(), open()]);
  return { context, traffic, first, second };
}
