import type { Browser, Page } from 'playwright-core';
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
  await shop.stop();
});

test.each(['/graphql', '/sandbox/graphql'])(
  'the explorer at %s opens with three examples and asks no other origin for anything',
  async (path) => {
    const { page, origins, complaints } = await openExplorer(path);

    expect(await page.getByRole('tab').allInnerTexts()).toEqual(['CreateSession', 'Viewer', 'RevokeSession']);
    expect([...origins]).toEqual([shop.serviceUrl]);
    // In production only a secret key may ask for the schema, and none has been typed in yet.
    const expected = path === '/graphql' ? /status of 400/ : /^$/;
    expect(complaints.filter((complaint) => !expected.test(complaint))).toEqual([]);
  },
);

test('the examples of the explorer create a session, read its customer and revoke it', async () => {
  const { page } = await openExplorer('/sandbox/graphql');

  await fill(page, 'Headers', { Authorization: `Bearer ${shop.secretKey}` });
  const { createSession } = await run(page, 'CreateSession');
  await photograph(page, 'graphiql-create');

  await openTab(page, 'Viewer');
  await fill(page, 'Headers', { Authorization: `Bearer ${createSession.sessionToken}` });
  const { viewer, currentSession } = await run(page, 'Viewer');
  await photograph(page, 'graphiql-viewer');
  expect(viewer).toEqual({ id: createSession.customer.id, externalUserId: 'user_1', email: 'ada@example.com' });
  expect(currentSession.id).toBe(createSession.session.id);

  await openTab(page, 'RevokeSession');
  await fill(page, 'Headers', { Authorization: `Bearer ${shop.secretKey}` });
  await fill(page, 'Variables', { id: createSession.session.id });
  expect((await run(page, 'RevokeSession')).revokeSession.status).toBe('REVOKED');
});

test('a secret key that a page sends is refused, and the page learns nothing', async () => {
  const { page, complaints } = await openPage(browser);
  await page.goto(shop.shopUrl);

  const answer = await page.evaluate(
    async ([url = '', secretKey = '']) => {
      const init = {
        method: 'POST',
        headers: { authorization: `Bearer ${secretKey}`, 'content-type': 'application/json' },
        body: '{"query":"{ sessions { edges { node { id } } } }"}',
      };
      return fetch(url, init).then(
        () => 'an answer',
        (error: Error) => error.name,
      );
    },
    [`${shop.serviceUrl}/sandbox/graphql`, shop.secretKey],
  );

  expect(answer).toBe('TypeError');
  // Not a word about the preflight: that names no key. It is the answer itself that the browser keeps from the page.
  expect(complaints[0]).toMatch(/blocked by CORS policy: No 'Access-Control-Allow-Origin' header/);
});

test('a secret key that is given to the provider stops it before anything is sent', async () => {
  const { page } = await openPage(browser);
  const sent: string[] = [];
  page.on('request', (request) => sent.push(request.url()));
  await page.goto(shop.shopUrl);
  await page.getByRole('button', { name: 'Log in as Yuki Arai' }).click();
  await page.getByTestId('customer').getByText('org_harbour').waitFor();
  await page.getByText('Manual').click();
  const sentBefore = sent.length;

  await page.getByLabel('Or paste a token').fill(shop.secretKey);
  await page.getByRole('button', { name: 'Use it' }).click();

  await page.getByText('SECRET_KEY_IN_BROWSER').first().waitFor();
  expect(sent).toHaveLength(sentBefore);
  expect(await page.content()).not.toContain(shop.secretKey);
});

/** What the examples answer. */
interface Results {
  CreateSession: { createSession: { sessionToken: string; session: { id: string }; customer: { id: string } } };
  Viewer: { viewer: object; currentSession: { id: string } };
  RevokeSession: { revokeSession: { status: string } };
}

async function openExplorer(path: string) {
  const { page, complaints } = await openPage(browser, { viewport: { width: 1300, height: 850 } });
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const origins = new Set<string>();
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'data:') origins.add(origin);
  });
  await page.goto(`${shop.serviceUrl}${path}`);
  await page.getByText('Bearer sk_').waitFor();
  return { page, origins, complaints };
}

// By keyboard: the tabs move while they are new, and a click may miss.
const openTab = (page: Page, name: string) => page.getByRole('tab').getByText(name, { exact: true }).press('Enter');

async function fill(page: Page, tool: 'Headers' | 'Variables', value: object): Promise<void> {
  await page.getByRole('button', { name: tool, exact: true }).click();
  await page.getByLabel(tool, { exact: true }).locator('.view-lines').filter({ visible: true }).click();
  await page.keyboard.press('ControlOrMeta+A');
  // Pasted: the editor would close every bracket that is typed.
  await page.evaluate((text) => navigator.clipboard.writeText(text), JSON.stringify(value));
  await page.keyboard.press('ControlOrMeta+V');
}

/** Presses the button, and reads what came of it. */
async function run<Name extends keyof Results>(page: Page, operation: Name): Promise<Results[Name]> {
  const response = page.waitForResponse((answer) => answer.request().postData()?.includes(operation) === true);
  await page.getByRole('button', { name: /^Execute query/ }).click();
  const { data } = (await (await response).json()) as { data: Results[Name] };
  return data;
}
