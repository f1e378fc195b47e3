import type { BrowserContext, Page, Response } from 'playwright-core';

/** What the demo shop's page shows of its session. */
export const tokenOf = (page: Page) => page.getByTestId('token').innerText();
export const stateOf = (page: Page) => page.getByTestId('state').innerText();
export const customerOf = (page: Page) => page.getByTestId('customer').innerText();

export async function secondsLeft(page: Page): Promise<number> {
  const text = (await page.getByRole('progressbar').getAttribute('aria-valuetext')) ?? '';
  const [, minutes, seconds] = /(\d+):(\d+) left/.exec(text) ?? [];
  return Number(minutes) * 60 + Number(seconds);
}

/** Stops the clock of all tabs, a second ahead: `now` has passed when it arrives there. */
export const pause = (page: Page) => pauseIn(page, 1);

/** The same eleven seconds before this tab's token ends: one that lives for a minute is replaced 9 to 6 seconds before its end. */
export const pauseBeforeRenewal = async (page: Page) => pauseIn(page, (await secondsLeft(page)) - 11);

const pauseIn = async (page: Page, seconds: number): Promise<void> =>
  page.clock.pauseAt((await page.evaluate(() => Date.now())) + seconds * 1000);

/** Half a second at a time: locks and news of other tabs take real time, and no tab believes news from a second ahead. */
export async function run({ clock }: Pick<Page, 'clock'>, seconds: number): Promise<void> {
  for (let halves = 0; halves < seconds * 2; halves += 1) await clock.runFor(500);
}

/** The customer makes the page call the service, and it answers. */
export async function askService(page: Page): Promise<Response> {
  const answer = page.waitForResponse(isOperation);
  // By keyboard: a click would wait until the page stands still.
  await page.getByRole('button', { name: 'Ask the service again' }).press('Enter');
  return answer;
}

/** The token that a request went with, which the page shows nowhere. */
export const sentToken = async (response: Response): Promise<string> =>
  ((await response.request().headerValue('authorization')) ?? '').replace('Bearer ', '');

/** Logs somebody in at the shop behind the back of its pages: the cookie is all that changes. */
export const logInSilently = (context: BrowserContext, shopUrl: string, userId: string) =>
  context.request.post(`${shopUrl}/api/login`, { data: { userId }, headers: { origin: shopUrl } });

/** @returns every text that such elements have shown since, however shortly. */
export async function watch(page: Page, selector: string): Promise<() => Promise<string[]>> {
  const texts = await page.evaluateHandle((wanted) => {
    const seen = new Set<string>();
    const look = () => {
      for (const { textContent } of document.querySelectorAll(wanted)) seen.add(textContent);
    };
    look();
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
    return seen;
  }, selector);
  return () => texts.evaluate((seen) => [...seen]);
}

/** What all tabs of one browser sent so far. */
export interface Traffic {
  /** How often the shop was asked for a token, in vain or not. */
  asks(): number;
  /** How often the service was called. */
  operations(): number;
  /** What shop and service answered. */
  statuses(): number[];
}

export function watchTraffic(context: BrowserContext): Traffic {
  const responses: Response[] = [];
  let asks = 0;
  context.on('request', (request) => {
    if (request.url().endsWith('/api/billingos-session')) asks += 1;
  });
  context.on('response', (response) => responses.push(response));
  const isAnswer = (response: Response) => isOperation(response) || response.url().endsWith('/api/billingos-session');
  return {
    asks: () => asks,
    operations: () => responses.filter(isOperation).length,
    statuses: () => responses.filter(isAnswer).map((response) => response.status()),
  };
}

// A preflight is no operation.
const isOperation = (response: Response) =>
  response.url().endsWith('/graphql') && response.request().method() === 'POST';
