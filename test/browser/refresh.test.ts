import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mask } from '../../examples/shop/page/mask.ts';
import { launchBrowser, launchSleepyBrowser, photograph } from '../support/browser.ts';
import {
  askService,
  customerOf,
  logInSilently,
  pause,
  pauseBeforeRenewal,
  run,
  sentToken,
  stateOf,
  tokenOf,
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

test('three minutes on tokens of one minute cost four asks or five, and no operation fails or goes with an ended token', async () => {
  const { page, traffic } = await openShop();
  const states = await watch(page, '[data-testid=state]');
  const complaints = await watch(page, '.notice');
  const tokens: string[] = [];
  await pause(page);

  for (let second = 0; second < 180; second += 2) {
    await run(page, 2);
    tokens.push(await sentToken(await askService(page)));
    await expect.poll(() => stateOf(page)).toBe('ready');
  }

  expect(traffic.asks()).toBeGreaterThanOrEqual(4);
  expect(traffic.asks()).toBeLessThanOrEqual(180 / (0.8 * 60) + 2);
  expect(traffic.operations()).toBe(91);
  expect(new Set(traffic.statuses())).toEqual(new Set([200]));
  // The service's clock did not run three minutes, so it would refuse nothing for its age: each token was sent over less than its life.
  const uses = [...new Set(tokens)].map((token) => tokens.filter((sent) => sent === token).length);
  expect(Math.max(...uses) * 2).toBeLessThan(60);
  expect((await states()).toSorted()).toEqual(['ready', 'refreshing']);
  expect(await complaints()).toEqual([]);
  await photograph(page, 'refresh-after-three-minutes');
}, 90_000);

test('a page that is offline when its renewal is due keeps token and customer, and asks once when the network is back', async () => {
  const { page, context, traffic } = await openShop();
  const token = await tokenOf(page);
  const complaints = await watch(page, '[aria-labelledby=customer-title] .notice');
  await pauseBeforeRenewal(page);

  await context.setOffline(true);
  await expect.poll(() => run(page, 0.5).then(() => stateOf(page))).toBe('offline');
  expect(await tokenOf(page)).toBe(token);
  expect(await customerOf(page)).toContain('mara@example.com');
  expect(traffic.asks()).toBe(2);
  await photograph(page, 'refresh-offline');

  await context.setOffline(false);
  // Two asks are never closer than five seconds, and this clock stands still: the old token has to serve.
  const operation = await askService(page);
  expect(mask(await sentToken(operation))).toBe(token);
  expect(await stateOf(page)).toBe('offline');
  await run(page, 5);

  await expect.poll(() => stateOf(page)).toBe('ready');
  expect(await tokenOf(page)).not.toBe(token);
  await run(page, 30);
  expect(traffic.asks()).toBe(3);
  expect(traffic.statuses()).toEqual([200, 200, 200, 200]);
  expect(await complaints()).toEqual([]);
});

test('a page that was offline for minutes asks once within five seconds of the network’s return, and never loses its customer', async () => {
  const { page, context, traffic } = await openShop();
  const token = await tokenOf(page);
  const customers = await watch(page, '[aria-labelledby=customer-title] :is(dl, .notice)');
  await pause(page);
  await context.setOffline(true);
  await run(page, 120);
  await expect.poll(() => stateOf(page)).toBe('offline');
  const asksInVain = traffic.asks();

  await context.setOffline(false);
  await run(page, 5);

  await expect.poll(() => stateOf(page)).toBe('ready');
  expect(await tokenOf(page)).not.toBe(token);
  expect(traffic.asks()).toBe(asksInVain + 1);
  expect((await askService(page)).status()).toBe(200);
  expect(await customers()).toEqual([expect.stringContaining('mara@example.com')]);
});

test('a page that was frozen until its token had ended asks once when it is shown or needed again, and sends nothing with the old one', async () => {
  const sleepy = await launchSleepyBrowser();
  const { page, context, traffic } = await openShop(sleepy.context);
  const devtools = await context.newCDPSession(page);
  const events = await page.evaluateHandle(() => {
    const seen: string[] = [];
    for (const type of ['freeze', 'resume']) document.addEventListener(type, () => seen.push(type));
    return seen;
  });
  const complaints = await watch(page, '.notice.bad');

  const first = await tokenOf(page);
  await freezeForTenMinutes(page, devtools);
  await showAgain(devtools);
  await expect.poll(() => tokenOf(page)).not.toBe(first);
  expect(traffic.asks()).toBe(2);

  const second = await tokenOf(page);
  await freezeForTenMinutes(page, devtools);
  // Still hidden: an operation does not wait for somebody to look.
  const operation = await askService(page);
  expect(mask(await sentToken(operation))).not.toBe(second);
  await showAgain(devtools);
  await page.clock.fastForward(30_000);

  expect(traffic.asks()).toBe(3);
  expect(new Set(traffic.statuses())).toEqual(new Set([200]));
  expect(await complaints()).toEqual([]);
  expect(await events.jsonValue()).toEqual(['freeze', 'resume', 'freeze', 'resume']);
  await sleepy.close();
});

/** As a laptop sleeps: the calendar goes on, the monotonic clock and every timer stand still. Nothing but waking up tells the page. */
async function freezeForTenMinutes(page: Page, devtools: CDPSession): Promise<void> {
  await page.clock.fastForward(6_000); // No two asks are closer than five seconds.
  await devtools.send('Page.setWebLifecycleState', { state: 'frozen' });
  await page.clock.setSystemTime((await page.evaluate(() => Date.now())) + 600_000);
  await devtools.send('Page.setWebLifecycleState', { state: 'active' });
}

/** Freezing has hidden the page, and waking up does not show it. */
async function showAgain(devtools: CDPSession): Promise<void> {
  const { windowId } = await devtools.send('Browser.getWindowForTarget');
  await devtools.send('Browser.setWindowBounds', { windowId, bounds: { windowState: 'minimized' } });
  await devtools.send('Browser.setWindowBounds', { windowId, bounds: { windowState: 'normal' } });
}

/** Mara at the shop, with a token that lives for a minute, on a page whose clock can be moved. */
async function openShop(profile?: BrowserContext) {
  const context = profile ?? (await browser.newContext({ viewport: { width: 1200, height: 900 } }));
  const traffic = watchTraffic(context);
  await context.clock.install();
  await logInSilently(context, shop.shopUrl, 'user_mara');
  const page = await context.newPage();
  await page.goto(shop.shopUrl);
  await page.getByTestId('customer').waitFor();
  return { page, context, traffic };
}
