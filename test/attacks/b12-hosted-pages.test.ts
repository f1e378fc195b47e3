import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../server/id.ts';
import { apply, smallCatalog } from '../support/catalog.ts';
import { createHarness, type Harness, publicUrl, send, shopOrigin, type TestMerchant } from '../support/harness.ts';
import { buy, createCheckout, createPortal, goodCard, openPage, submitPage } from '../support/payment-page.ts';

const markup = `<script>alert(1)</script><img src=x onerror="alert(1)">'&`;

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
  const hostile = {
    key: 'hostile',
    name: markup,
    features: [],
    prices: [{ key: 'hostile', currency: 'usd', unitAmount: 700, recurring: { interval: 'MONTH' } }],
  };
  for (const merchant of [harness.merchant, harness.rival]) {
    await apply(harness, merchant, { ...smallCatalog, products: [...smallCatalog.products, hostile] });
  }
});
afterAll(() => harness.stop());

let customers = 0;

async function newCustomer(merchant: TestMerchant = harness.merchant) {
  const { sessionToken, customer } = await merchant.billingos.createSessionToken({
    externalUserId: `user-${++customers}`,
  });
  const read = async () =>
    (
      await harness.graphql(
        sessionToken,
        `{ viewer {
          subscription { id status items { quantity price { key } } }
          invoices { edges { node { url currency total amountPaid lines { description amount } } } }
          paymentMethods { lastFour } } }`,
      )
    ).data?.['viewer'];
  return { token: sessionToken, id: customer.id, read };
}

async function checkoutOf(token: string, input: object = { price: 'pro-monthly' }): Promise<string> {
  const { data } = await createCheckout(harness, token, input);
  return data?.['createCheckout'].url;
}

async function portalOf(token: string): Promise<string> {
  const { data } = await createPortal(harness, token);
  return data?.['createPortalSession'].url;
}

/** One page of each kind, of a customer that has paid. */
async function pagesOf(merchant: TestMerchant) {
  const { token, id, read } = await newCustomer(merchant);
  await buy(harness, token, 'pro-monthly');
  const { invoices } = await read();
  return {
    token,
    id,
    merchant,
    addresses: [
      await checkoutOf(token, { price: 'fonts-once' }),
      await portalOf(token),
      String(invoices.edges[0].node.url),
    ],
  };
}

/** Everything that is stored, as text. */
async function readDatabase(): Promise<string> {
  const { db } = harness.database;
  const { rows } = await db.execute<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'public'`,
  );
  const tables = await Promise.all(rows.map(({ name }) => db.execute(`select to_jsonb(t) as row from ${name} t`)));
  return JSON.stringify(tables.map((table) => table.rows));
}

const countCheckouts = async () =>
  (await harness.database.db.execute<{ count: string }>('select count(*) from checkouts')).rows[0]?.count;

const waysIn = [
  ['by GET', (url: string) => openPage(harness, url)],
  ['by POST', (url: string) => submitPage(harness, url)],
] as const;

describe('an address', () => {
  test.each(waysIn)(
    'B12 of another merchant, of nothing, or of no form looks the same %s: nothing is here',
    async (_way, open) => {
      const own = await pagesOf(harness.merchant);
      const { rival } = harness;
      const theirs = own.addresses.map((url) => url.replace(own.merchant.id, rival.id));
      const swapped = own.addresses.map((url) =>
        url.replace(/\.(chk|prt|inv)_/, (kind) => (kind === '.chk_' ? '.inv_' : '.chk_')),
      );
      const nothing = (['chk', 'prt', 'inv'] as const).map(
        (kind) => `${publicUrl}/sandbox/pay/${own.merchant.id}.${newId(kind, Date.now())}`,
      );
      const formless = [
        '',
        '.',
        'x',
        own.merchant.id,
        `${own.merchant.id}.`,
        `${own.addresses[0]}.x`.slice(`${publicUrl}/sandbox/pay/`.length),
        '%00',
        "'--",
        '__proto__.constructor',
      ].map((segment) => `${publicUrl}/sandbox/pay/${segment}`);
      const bodies = new Set<string>();
      for (const url of [...theirs, ...swapped, ...nothing, ...formless]) {
        const answer = await open(url);
        expect({ url, status: answer.status }).toEqual({ url, status: 404 });
        bodies.add(await answer.text());
      }
      expect([...bodies]).toEqual([expect.stringContaining('Nothing is here.')]);
    },
  );

  test.each(waysIn)('B12 in live is none, %s', async (_way, open) => {
    const { addresses } = await pagesOf(harness.merchant);
    for (const url of addresses) {
      const answer = await open(url.replace('/sandbox', ''));
      expect(answer.status).toBe(404);
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    }
  });

  test('B12 of a customer that was deleted meanwhile leads nowhere, and nothing can be paid there', async () => {
    const { id, addresses } = await pagesOf(harness.merchant);
    const { token: other } = await newCustomer();
    const nothing = `${publicUrl}/sandbox/pay/${harness.merchant.id}.${newId('chk', Date.now())}`;
    const bodyOfNothing = await (await openPage(harness, nothing)).text();
    await harness.merchant.billingos.deleteCustomer(id);
    for (const url of addresses) {
      for (const [, open] of waysIn) {
        const answer = await open(url);
        expect(answer.status).toBe(404);
        expect(await answer.text()).toBe(bodyOfNothing);
      }
    }
    for (const table of ['subscriptions', 'purchases', 'checkouts', 'simulated_invoices', 'simulated_accounts']) {
      const { rows } = await harness.database.db.execute(`select 1 from ${table} where customer_id = '${id}'`);
      expect({ table, rows }).toEqual({ table, rows: [] });
    }
    expect((await openPage(harness, await checkoutOf(other))).status).toBe(200);
  });

  test('B12 shows nothing of another customer of the same merchant', async () => {
    const [one, other] = [await pagesOf(harness.merchant), await newCustomer()];
    await buy(harness, other.token, 'pro-yearly', '5555555555554444');
    const { invoices } = await other.read();
    for (const url of one.addresses) {
      const page = await (await openPage(harness, url)).text();
      expect(page).not.toContain('•••• 4444');
      expect(page).not.toContain(invoices.edges[0].node.url.split('.inv_')[1].slice(-8).toUpperCase());
    }
  });
});

describe('where a customer is sent back to', () => {
  const elsewhere = [
    'javascript:alert(1)',
    'JaVaScRiPt://shop.example/%0aalert(1)',
    'data:text/html,<script>alert(1)</script>',
    'file:///etc/passwd',
    'ftp://shop.example/',
    'blob:http://shop.example/1',
    'http://shop.example@evil.example',
    'http://shop.example:80@evil.example/',
    'http://shop.example%40evil.example/',
    'http://user@shop.example/',
    'http://user:password@shop.example/',
    'http://shop.example.evil.example',
    'http://evil.example/http://shop.example',
    'http://evil.example?http://shop.example',
    'http://evil.example#http://shop.example',
    'http://evil.example\\shop.example',
    'http://shop.example%2eevil.example/',
    'http://shop.example\u3002evil.example/',
    'http://ѕhop.example/',
    'http://shop.example:81/',
    'http://shop.example:8080/',
    'https://shop.example/',
    'http://shop.example./',
    'http://SHOP.EXAMPLE./',
    'http://www.shop.example/',
    'http://example/',
    'http://localhost:4000/',
    '//shop.example/',
    '/paid',
    'shop.example',
    'http://',
    '',
    `http://shop.example/${'x'.repeat(2_000)}`,
  ];

  test.each(elsewhere)('B12 must be of an allowed origin, and nothing is opened otherwise: %s', async (url) => {
    const { token } = await newCustomer();
    const before = await countCheckouts();
    for (const name of ['successUrl', 'cancelUrl']) {
      const answer = await createCheckout(harness, token, { price: 'pro-monthly', [name]: url });
      expect(answer).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
      expect(answer.errors[0]?.extensions['problems']).toMatchObject([{ path: ['input', name] }]);
    }
    const answer = await createPortal(harness, token, url);
    expect(answer).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
    expect(answer.errors[0]?.extensions['problems']).toMatchObject([{ path: ['returnUrl'] }]);
    expect(await countCheckouts()).toBe(before);
  });

  test.each([
    ['HTTP://SHOP.EXAMPLE/paid', 'http://shop.example/paid'],
    ['http://shop.example:80/paid', 'http://shop.example/paid'],
    ['http://shop.example\\@evil.example/', 'http://shop.example/@evil.example/'],
    ['http://shop.example/a\r\nset-cookie: x=1', 'http://shop.example/aset-cookie:%20x=1'],
    [' http://shop.example/pa\tid ', 'http://shop.example/paid'],
    ['http://shop.example/bezahlt/ü€😀', 'http://shop.example/bezahlt/%C3%BC%E2%82%AC%F0%9F%98%80'],
    ['http://shop.example/a\0b', 'http://shop.example/a%00b'],
    ['http://shop.example/\ud800', 'http://shop.example/%EF%BF%BD'],
    [`http://shop.example/"><script>alert(1)</script>`, 'http://shop.example/%22%3E%3Cscript%3Ealert(1)%3C/script%3E'],
    ['http://shop.example/?session={CHECKOUT_SESSION_ID}', 'http://shop.example/?session={CHECKOUT_SESSION_ID}'],
  ])('B12 is read by everybody as by us, and leads there after it is paid: %j', async (given, kept) => {
    const { token } = await newCustomer();
    const url = await checkoutOf(token, { price: 'fonts-once', successUrl: given, cancelUrl: given });
    const page = await (await openPage(harness, url)).text();
    expect(page).not.toContain('<script');
    const paid = await submitPage(harness, url);
    expect({ status: paid.status, location: paid.headers.get('location') }).toEqual({ status: 303, location: kept });
    const portal = (await createPortal(harness, token, given)).data?.['createPortalSession'].url;
    expect((await submitPage(harness, portal)).headers.get('location')).toBe(kept);
  });
});

describe('a page', () => {
  /** Every kind of answer that there is. */
  async function allAnswers(): Promise<Response[]> {
    const { addresses } = await pagesOf(harness.merchant);
    const [checkout = '', portal = '', invoice = ''] = addresses;
    const hostile = await newCustomer();
    const hostilePage = await checkoutOf(hostile.token, { price: 'hostile' });
    const post = (headers: Record<string, string>, body: string) =>
      send(harness.app, checkout, { method: 'POST', headers, body });
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    return [
      await openPage(harness, checkout),
      await openPage(harness, portal),
      await openPage(harness, invoice),
      await openPage(harness, `${checkout}x`),
      await openPage(harness, hostilePage),
      await submitPage(harness, hostilePage, { action: 'pay', card: '4000000000000002' }),
      await submitPage(harness, hostilePage, { action: 'pay', card: markup }),
      await submitPage(harness, hostilePage, { action: 'pay', card: '4000002500003155' }),
      await submitPage(harness, hostilePage),
      await openPage(harness, hostilePage),
      await openPage(harness, (await hostile.read()).invoices.edges[0].node.url),
      await openPage(harness, await portalOf(hostile.token)),
      await submitPage(harness, portal, { action: 'replace', card: '4000000000000002' }),
      await submitPage(harness, portal, { action: 'replace', card: goodCard }),
      await submitPage(harness, checkout, { action: 'refuse' }),
      await post({ 'content-type': 'text/plain' }, 'action=pay'),
      await post(form, 'x'.repeat(5_000)),
      await post({ ...form, 'content-length': 'none' }, ''),
      await send(harness.app, checkout, { method: 'DELETE' }),
    ];
  }

  test('B12 runs no script, is not framed, kept or told to others, and shows no markup of a product', async () => {
    const answers = await allAnswers();
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 303, 402, 404, 405, 411, 413, 415]));
    let escapedNames = 0;
    for (const answer of answers) {
      const policy = answer.headers.get('content-security-policy') ?? '';
      expect(policy).toMatch(/(^|; )default-src 'none'(;|$)/);
      expect(policy).toMatch(/(^|; )frame-ancestors 'none'(;|$)/);
      expect(policy).not.toMatch(/script-src|unsafe|\*|data:|https?:(?!\/\/shop\.example)/);
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      });
      const page = await answer.text();
      expect(page).not.toMatch(/<script|<img|<iframe|<object|<link|javascript:/i);
      expect(page).not.toMatch(/<[^>]+\s(on\w+|style)=/i);
      if (
        page.includes('&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&#39;&amp;')
      ) {
        escapedNames++;
      }
      for (const [, style = ''] of page.matchAll(/<style>(.*?)<\/style>/gs)) {
        expect(policy).toContain(`'sha256-${createHash('sha256').update(style).digest('base64')}'`);
      }
    }
    expect(escapedNames).toBeGreaterThanOrEqual(5);
  });

  test('B12 sends its forms to itself and to the merchant’s page only', async () => {
    const { addresses } = await pagesOf(harness.merchant);
    for (const url of addresses) {
      const answer = await openPage(harness, url);
      const [, to] = /form-action ([^;]+)/.exec(answer.headers.get('content-security-policy') ?? '') ?? [];
      expect(["'self'", `'self' ${shopOrigin}`]).toContain(to);
    }
  });

  test.each([
    [
      'of 4,097 bytes',
      413,
      { 'content-type': 'application/x-www-form-urlencoded' },
      `action=pay&card=${'4'.repeat(4_081)}`,
    ],
    ['that is JSON', 415, { 'content-type': 'application/json' }, '{"action":"pay","card":"4242424242424242"}'],
    ['that is plain text', 415, { 'content-type': 'text/plain' }, 'action=pay&card=4242424242424242'],
    [
      'of several parts',
      415,
      { 'content-type': 'multipart/form-data; boundary=x' },
      'action=pay&card=4242424242424242',
    ],
    ['of no type', 415, { 'content-type': '' }, 'action=pay&card=4242424242424242'],
    [
      'of no length',
      411,
      { 'content-type': 'application/x-www-form-urlencoded', 'content-length': 'x' },
      'action=pay&card=4242424242424242',
    ],
  ])('B12 takes no body %s', async (_what, status, headers, body) => {
    const { token, read } = await newCustomer();
    const url = await checkoutOf(token);
    const answer = await send(harness.app, url, { method: 'POST', headers, body });
    expect(answer.status).toBe(status);
    expect(await answer.text()).not.toContain('4242424242424242');
    expect(await read()).toMatchObject({ subscription: null, invoices: { edges: [] }, paymentMethods: [] });
  });

  test('B12 refuses a card that is no test card, and it appears nowhere: no page, no log, no row', async () => {
    const cards = ['4111111111111111', '5105105105105100', '378282246310005', '6011111111111117', '4242424242424241'];
    const spellings = (card: string) => ['', ' ', '-'].map((gap) => card.replaceAll(/(.{4})(?=.)/g, `$1${gap}`));
    const actions = ['pay', 'authenticate', 'replace', '', 'refuse'];
    const { token, read } = await newCustomer();
    const [checkout, portal] = [await checkoutOf(token), await portalOf(token)];
    const forms = cards
      .flatMap(spellings)
      .flatMap((card) =>
        [checkout, portal].flatMap((url) => actions.map((action) => ({ url, fields: { action, card } }))),
      );
    const shown: string[] = [];
    for (const { url, fields } of forms) {
      const answer = await submitPage(harness, url, fields);
      expect(answer.status).toBe(402);
      shown.push(await answer.text());
    }
    for (const card of cards) shown.push(await (await openPage(harness, `${checkout}?card=${card}`)).text());
    const everywhere = [...shown, ...harness.logLines, await readDatabase()].join('\n');
    for (const card of cards) {
      expect(everywhere).not.toContain(card);
      expect(everywhere.replaceAll(/[ -]/g, '')).not.toContain(card);
      expect(everywhere).not.toContain(`"${card.slice(-4)}"`);
    }
    expect(shown[0]).toContain('A real card must never be entered on a test page.');
    expect(await read()).toMatchObject({ subscription: null, invoices: { edges: [] }, paymentMethods: [] });
  });

  test('B12 keeps of a test card its last four digits', async () => {
    const { token, read } = await newCustomer();
    await buy(harness, token, 'pro-monthly', '5555 5555 5555 4444');
    expect((await read()).paymentMethods).toEqual([{ lastFour: '4444' }]);
    const everywhere = [...harness.logLines, await readDatabase()].join('\n').replaceAll(/[ -]/g, '');
    expect(everywhere).not.toContain('5555555555554444');
  });
});

describe('a payment', () => {
  const paidOnce = (what: object = {}) => ({
    subscription: { status: 'ACTIVE', items: [{ quantity: 1, price: { key: 'pro-monthly' } }], ...what },
    invoices: { edges: [{ node: { currency: 'usd', total: 1900, amountPaid: 1900 } }] },
  });

  test('B12 happens once, however often it is submitted', async () => {
    const { token, read } = await newCustomer();
    const url = await checkoutOf(token);
    for (let time = 0; time < 3; time++) expect((await submitPage(harness, url)).status).toBe(303);
    expect(await read()).toMatchObject(paidOnce());
    expect(await (await openPage(harness, url)).text()).toContain('This is paid.');
  });

  test('B12 happens once when it is submitted twenty times at the same moment', async () => {
    const { token, read } = await newCustomer();
    const url = await checkoutOf(token);
    const answers = await Promise.all(Array.from({ length: 20 }, () => submitPage(harness, url)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([303]));
    const { invoices, subscription } = await read();
    expect(invoices.edges).toHaveLength(1);
    expect({ subscription, invoices }).toMatchObject(paidOnce());
    const { rows } = await harness.database.db.execute(
      `select count(*)::int as count from subscriptions where items = '[{"quantity": 1, "priceKey": "pro-monthly"}]'
       and id = '${subscription.id}'`,
    );
    expect(rows).toEqual([{ count: 1 }]);
  });

  test('B12 of several open pages of one customer at the same moment begins one subscription', async () => {
    const { token, id, read } = await newCustomer();
    const inputs = [1, 2, 3, 4].map((quantity) => ({ price: 'pro-monthly', quantity }));
    const urls: string[] = [];
    for (const input of inputs) urls.push(await checkoutOf(token, input));
    expect(new Set(urls).size).toBe(4);
    const answers = await Promise.all([...urls, ...urls].map((url) => submitPage(harness, url)));
    expect(answers.filter(({ status }) => status === 303).length).toBe(2);
    expect(answers.filter(({ status }) => status === 402).length).toBe(6);
    expect((await read()).invoices.edges).toHaveLength(1);
    const { rows } = await harness.database.db.execute(
      `select count(*)::int as count from subscriptions where customer_id = '${id}'`,
    );
    expect(rows).toEqual([{ count: 1 }]);
  });

  test('B12 is not repeated on a finished page, not even when what it bought has ended', async () => {
    const { token, read } = await newCustomer();
    const url = await buy(harness, token, 'pro-monthly');
    await harness.graphql(token, 'mutation { cancelSubscription(at: NOW) { id } }');
    for (const card of [goodCard, '4000000000000002', 'x']) {
      expect((await submitPage(harness, url, { action: 'pay', card })).status).toBe(303);
    }
    expect(await read()).toMatchObject(paidOnce({ status: 'CANCELED' }));
    expect((await read()).invoices.edges).toHaveLength(1);
  });

  test('B12 cannot be made on a page whose time is over', async () => {
    const { token, id } = await newCustomer();
    const [checkout, portal] = [await checkoutOf(token), await portalOf(token)];
    harness.clock.advance(24 * 3_600_000);
    expect((await submitPage(harness, checkout)).status).toBe(404);
    expect((await submitPage(harness, portal)).status).toBe(404);
    const query = '{ customer(by: { id: "$id" }) { subscription { id } paymentMethods { id } } }'.replace('$id', id);
    const { data } = await harness.graphql(harness.merchant.secretKey, query);
    expect(data).toEqual({ customer: { subscription: null, paymentMethods: [] } });
  });

  const meddling: Record<string, string>[] = [
    { amount: '1', unitAmount: '1', total: '1', price: 'pro-hidden', priceKey: 'pro-hidden' },
    { quantity: '0', currency: 'eur', customer: 'cus_1', customerId: 'cus_1', merchantId: 'mer_1' },
    { successUrl: 'http://evil.example/', cancelUrl: 'http://evil.example/', returnUrl: 'http://evil.example/' },
    { status: 'complete', id: 'chk_1', __proto__: 'x', constructor: 'x' },
  ];

  test.each(meddling)(
    'B12 costs what the catalog says, whatever else a form or an address says: %j',
    async (fields) => {
      const { token, read } = await newCustomer();
      const url = await checkoutOf(token);
      const answer = await submitPage(harness, `${url}?${new URLSearchParams(fields).toString()}`, {
        ...fields,
        action: 'pay',
        card: goodCard,
      });
      expect(answer.headers.get('location')).toBe(`${shopOrigin}/paid`);
      expect(await read()).toMatchObject(paidOnce());
    },
  );

  test('B12 is made with the first of two cards, never with both', async () => {
    const { token, read } = await newCustomer();
    const url = await checkoutOf(token);
    const body = 'action=pay&card=4000000000000002&card=4242424242424242&action=authenticate';
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await send(harness.app, url, { method: 'POST', headers, body })).status).toBe(402);
    expect(await read()).toMatchObject({ subscription: null, invoices: { edges: [] } });
  });
});
