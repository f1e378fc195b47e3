import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser, openPage, photograph } from '../support/browser.ts';
import { type RunningShop, startShop } from '../support/shop.ts';

let browser: Browser;
let shop: RunningShop;

beforeAll(async () => {
  browser = await launchBrowser();
  shop = await startShop();
});

afterAll(async () => {
  await browser.close();
  expect(await shop.stop()).toBe(0);
});

test('a customer buys a plan, uses it, changes it, cancels it and takes that back', { timeout: 180_000 }, async () => {
  const { page } = await logIn('Tomás Reyes', 'studio');
  await page.getByText('0 of 3 exports').waitFor();
  expect(await page.getByRole('checkbox', { name: 'Without our name' }).count()).toBe(0);
  for (const used of ['1 of 3', '2 of 3', '3 of 3']) {
    await page.getByRole('button', { name: 'Export as PNG' }).click();
    await page.getByText(`${used} exports`).waitFor();
  }
  await page.getByRole('button', { name: 'Export as PNG' }).click();
  await page.getByText('You have used all exports of this period.').waitFor();
  await photograph(page, 'billing-used-up');

  await page.getByRole('link', { name: 'See what else there is' }).click();
  await page.getByRole('button', { name: 'Choose Studio' }).waitFor();
  await photograph(page, 'billing-pricing');
  await page.getByRole('button', { name: 'Choose Studio' }).click();

  await page.getByLabel('Card number').fill('4000 0000 0000 0002');
  await photograph(page, 'billing-checkout');
  await page.getByRole('button', { name: 'Pay $12.00' }).click();
  expect(await page.getByRole('alert').innerText()).toContain('declined');
  await photograph(page, 'billing-declined');
  await page.getByLabel('Card number').fill('4242 4242 4242 4242');
  await page.getByRole('button', { name: 'Pay $12.00' }).click();

  await page.getByRole('checkbox', { name: 'Without our name' }).waitFor();
  await page.getByText('0 of 100 exports').waitFor();
  await page.getByRole('button', { name: 'Export as PNG' }).click();
  await page.getByText('1 of 100 exports').waitFor();
  await photograph(page, 'billing-studio');

  await page.getByRole('link', { name: 'Billing' }).click();
  await page.getByText('Visa ending in 4242').waitFor();
  await page.getByRole('cell', { name: '$12.00' }).first().waitFor();
  await photograph(page, 'billing-portal');
  await page.getByRole('button', { name: 'Change plan' }).click();
  await page.getByRole('dialog').getByText('House').first().click();
  await page.getByText('Remaining time on House').waitFor();
  await page.getByText('Unused time on Studio').waitFor();
  await photograph(page, 'billing-plan-change');
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /confirm|change to|change plan/i })
    .click();
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await expect.poll(() => page.getByText('House', { exact: true }).count()).toBeGreaterThan(0);
  await page
    .getByText(/unlimited|as many/i)
    .first()
    .waitFor();

  await page.getByRole('button', { name: 'Cancel plan' }).click();
  await photograph(page, 'billing-cancel');
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /cancel plan/i })
    .click();
  const resume = page.getByRole('button', { name: /keep|resume/i });
  await resume.waitFor();
  await photograph(page, 'billing-canceled');
  await resume.click();
  await page.getByRole('button', { name: 'Cancel plan' }).waitFor();

  await page.getByRole('button', { name: 'Manage payment methods' }).click();
  await page.getByRole('heading', { name: 'How you pay' }).waitFor();
  await photograph(page, 'billing-hosted-portal');
  await page.getByLabel('Card number').fill('5555 5555 5555 4444');
  await page.getByRole('button', { name: 'Use this card' }).click();
  await page.getByText('Mastercard ending in 4444').waitFor();

  await page.getByRole('button', { name: 'Let a month pass' }).click();
  await page
    .getByRole('cell', { name: /^TEST-/ })
    .nth(2)
    .waitFor();
});

test('a feature that is paid for in another tab opens without a reload', { timeout: 60_000 }, async () => {
  const { page } = await logIn('Mara Lindqvist', 'studio');
  await page.getByText('Brush lettering:').waitFor();
  await page.evaluate(() => Object.assign(window, { isTheSamePage: true }));
  const other = await page.context().newPage();
  await other.goto(`${shop.shopUrl}/#pricing`);
  await other.getByRole('button', { name: 'Choose Brush lettering' }).click();
  await other.getByRole('button', { name: 'Pay $9.00' }).click();
  await other.getByRole('checkbox', { name: 'Brush lettering' }).waitFor();

  await comeBack(page);
  await page.getByRole('checkbox', { name: 'Brush lettering' }).waitFor();
  expect(await page.evaluate(() => 'isTheSamePage' in window)).toBe(true);
});

const looks: readonly [string, BrowserContextOptions][] = [
  ['light', { colorScheme: 'light', viewport: { width: 1280, height: 900 } }],
  ['dark', { colorScheme: 'dark', viewport: { width: 1280, height: 900 } }],
  ['phone', { colorScheme: 'light', viewport: { width: 360, height: 780 } }],
  ['dark phone', { colorScheme: 'dark', viewport: { width: 360, height: 780 } }],
];

test.each(looks)(
  'nothing stands in anybody’s way on a %s screen, and nothing sticks out',
  { timeout: 60_000 },
  async (name, options) => {
    const { page } = await logIn('Mara Lindqvist', 'studio', options);
    for (const [view, seen] of [
      ['studio', 'of 100 exports'],
      ['pricing', 'Current plan'],
      ['billing', 'ending in 4242'],
    ] as const) {
      await page.goto(`${shop.shopUrl}/#${view}`);
      await page.getByText(seen).first().waitFor();
      expect(await violationsOn(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(options.viewport?.width);
      await photograph(page, `look-${view}-${name.replace(' ', '-')}`);
    }
    await page.getByRole('button', { name: 'Change plan' }).click();
    await page.getByRole('dialog').waitFor();
    expect(await violationsOn(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Manage payment methods' }).click();
    await page.getByRole('heading', { name: 'How you pay' }).waitFor();
    expect(await violationsOn(page)).toEqual([]);
    await photograph(page, `look-hosted-${name.replace(' ', '-')}`);
  },
);

/** At the shop, in one of its views. */
async function logIn(name: string, view: string, options: BrowserContextOptions = {}) {
  const { page } = await openPage(browser, { viewport: { width: 1280, height: 900 }, ...options });
  await page.goto(`${shop.shopUrl}/#${view}`);
  await page.getByRole('button', { name: `Log in as ${name}` }).click();
  return { page };
}

/** As when a tab is shown again: a browser without a window shows all of them all the time. */
const comeBack = (page: Page) =>
  page.evaluate(() => {
    const show = (state: DocumentVisibilityState) => {
      Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
      Object.defineProperty(document, 'hidden', { value: state === 'hidden', configurable: true });
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
    };
    show('hidden');
    show('visible');
  });

/** What axe finds against WCAG 2.2 AA and good practice. The page loads no scripts of others: this one comes by the debugger. */
async function violationsOn(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  const evaluate = async (expression: string): Promise<unknown> =>
    (await session.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })).result.value;
  await evaluate(`${axe.source}; void 0`);
  const found = (await evaluate(
    `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ target }) => target.join(' ')).join(', ')))`,
  )) as string[];
  await session.detach();
  return found;
}
