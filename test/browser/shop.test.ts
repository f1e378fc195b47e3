import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser, openPage, photograph } from '../support/browser.ts';
import {
  askService,
  pauseBeforeRenewal,
  run,
  secondsLeft,
  sentToken,
  stateOf,
  tokenOf,
  watch,
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
  expect(await shop.stop()).toBe(0);
});

test('a token is replaced before it ends, and the page goes on without a refusal', async () => {
  const { page, statuses } = await logIn();
  const first = await tokenOf(page);
  await photograph(page, 'shop-before-refresh');

  await pauseBeforeRenewal(page);
  expect(await tokenOf(page)).toBe(first);
  await run(page, 6);

  await expect.poll(() => tokenOf(page)).not.toBe(first);
  expect(await stateOf(page)).toBe('ready');
  expect(await secondsLeft(page)).toBeGreaterThan(50);
  await page.getByRole('button', { name: 'Ask the service again' }).click();
  await expect.poll(() => statuses.filter(({ url }) => url.endsWith('/graphql')).length).toBe(2);
  expect(statuses.map(({ status }) => status)).toEqual(statuses.map(() => 200));
  await photograph(page, 'shop-after-refresh');
});

test('a revoked token is replaced through the shop, and the page shows no error', async () => {
  const { page, complaints, statuses } = await logIn();
  const first = await tokenOf(page);
  const notices = await watch(page, '.notice');
  await page.clock.fastForward(6_000); // No two asks are closer than five seconds.

  await page.getByRole('button', { name: 'Revoke' }).click();

  await expect.poll(() => tokenOf(page)).toMatch(/^bos_session_test_…/);
  await expect.poll(() => tokenOf(page)).not.toBe(first);
  await page.getByText('TOKEN_REVOKED').waitFor();
  await expect.poll(() => statuses.at(-1)).toEqual({ url: `${shop.serviceUrl}/sandbox/graphql`, status: 200 });
  expect(await page.getByTestId('customer').innerText()).toContain('mara@example.com');
  expect(await notices()).toEqual([]);
  expect(complaints.filter((complaint) => !complaint.includes('status of 401'))).toEqual([]);
});

test('a session that is revoked after the login at the shop has ended is signed out', async () => {
  const { page } = await logIn();
  await page.clock.fastForward(6_000);

  await page.getByRole('button', { name: 'Log out in the shop only' }).click();

  await expect.poll(() => stateOf(page)).toBe('signedOut');
  expect(await tokenOf(page)).toBe('none');
  await page.reload();
  await page.getByRole('button', { name: 'Log in as Mara Lindqvist' }).waitFor();
});

test('after signing out the token counts no more, and nobody asks for another one', async () => {
  const { page, statuses } = await logIn();
  const token = await sentToken(await askService(page));

  await page.getByRole('button', { name: 'Sign out' }).click();

  await expect.poll(() => stateOf(page)).toBe('signedOut');
  await photograph(page, 'shop-signed-out');
  await expect.poll(() => codeFor(token)).toBe('TOKEN_REVOKED');
  const asks = () => statuses.filter(({ url }) => url.endsWith('/api/billingos-session')).length;
  const asksBefore = asks();
  await page.clock.fastForward(120_000);
  expect(asks()).toBe(asksBefore);
});

test('a service that does not answer cannot keep the user logged in at the shop', async () => {
  const { page } = await logIn();
  await page.route(`${shop.serviceUrl}/**`, () => undefined);

  await page.getByRole('button', { name: 'Sign out' }).click();

  const login = () => page.evaluate(async () => ((await (await fetch('/api/me')).json()) as { login: unknown }).login);
  await expect.poll(login).toBeNull();
});

test('a token that the page hands in is used until it ends, and then the page is told', async () => {
  const { page, statuses } = await logIn();
  await page.getByText('Manual').click();
  expect(await tokenOf(page)).toBe('none');

  await page.getByRole('button', { name: 'Fetch a token' }).click();
  await expect.poll(() => stateOf(page)).toBe('ready');
  await page.getByTestId('customer').waitFor();
  const asksBefore = statuses.length;
  await page.clock.fastForward(61_000);

  await expect.poll(() => stateOf(page)).toBe('broken');
  expect(await page.getByRole('status').first().innerText()).toContain('TOKEN_EXPIRED');
  expect(statuses).toHaveLength(asksBefore);
  await page.getByRole('button', { name: 'Fetch a token' }).click();
  await expect.poll(() => stateOf(page)).toBe('ready');
  await photograph(page, 'shop-manual');
});

test('a page that hands in null is signed out, and stays logged in at the shop', async () => {
  const { page } = await logIn();
  await page.getByText('Manual').click();
  await page.getByRole('button', { name: 'Fetch a token' }).click();
  await expect.poll(() => stateOf(page)).toBe('ready');

  await page.getByRole('button', { name: 'Take it away' }).click();

  await expect.poll(() => stateOf(page)).toBe('signedOut');
  expect(await page.getByRole('button', { name: 'Log in at the shop again' }).count()).toBe(0);
  await page.getByRole('button', { name: 'Fetch a token' }).click();
  await expect.poll(() => stateOf(page)).toBe('ready');
});

test('a change of the lifetime asks for one token, and the journal says so once', async () => {
  const { page } = await logIn();
  const first = await tokenOf(page);
  await page.clock.fastForward(6_000);

  await page.getByText('5 minutes').click();

  await expect.poll(() => tokenOf(page)).not.toBe(first);
  expect(await page.getByText('It is time: asking').count()).toBe(1);
});

test('the page is readable in the dark and on a narrow screen', async () => {
  const { page } = await logIn({ colorScheme: 'dark' });
  await photograph(page, 'shop-dark');
  await page.setViewportSize({ width: 360, height: 780 });
  await photograph(page, 'shop-narrow');
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
});

/** Mara at the shop, with a token, on a page whose clock can be moved. */
async function logIn(options: { colorScheme?: 'dark' } = {}) {
  const { page, complaints } = await openPage(browser, { viewport: { width: 1200, height: 900 }, ...options });
  const statuses: { url: string; status: number }[] = [];
  page.on('response', (response) => {
    const isOfBilling = /\/(graphql|billingos-session)$/.test(response.url());
    if (isOfBilling && response.request().method() !== 'OPTIONS') {
      statuses.push({ url: response.url(), status: response.status() });
    }
  });
  await page.clock.install();
  await page.goto(shop.shopUrl);
  await page.getByRole('button', { name: 'Log in as Mara Lindqvist' }).click();
  await page.getByTestId('customer').waitFor();
  return { page, complaints, statuses };
}

async function codeFor(token: string): Promise<string | undefined> {
  const response = await fetch(`${shop.serviceUrl}/sandbox/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ viewer { id } }' }),
  });
  const { errors } = (await response.json()) as { errors?: { extensions: { code: string } }[] };
  return errors?.[0]?.extensions.code;
}
