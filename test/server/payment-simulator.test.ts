import { afterAll, beforeAll, expect, test } from 'vitest';
import { warnOfLiveWithoutPayments } from '../../server/payments/live-warning.ts';
import {
  advance,
  ask,
  cancelUrl,
  cards,
  openCustomer,
  returnUrl,
  submit,
  successUrl,
  type TestCustomer,
} from '../support/billing.ts';
import { apply, smallCatalog } from '../support/catalog.ts';
import {
  createHarness,
  createHarnessForTest,
  createTestClock,
  type Harness,
  publicUrl,
  send,
  shopOrigin,
  type TestMerchant,
} from '../support/harness.ts';
import { importCustomers } from '../support/import.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
  await apply(harness, harness.merchant, smallCatalog);
});
afterAll(() => harness.stop());

const customerNamed = (externalUserId: string) => openCustomer(harness, externalUserId);

/** A merchant with a test clock of its own, and one customer who has subscribed. */
async function subscribed(price = 'pro-monthly', { quantity = 1 } = {}) {
  const merchant = await harness.newMerchant('Clock');
  await apply(harness, merchant, smallCatalog);
  const customer = await openCustomer(harness, 'subscriber', merchant);
  await customer.buy(price, { quantity });
  return { merchant, customer };
}

const daySeconds = 86_400;
const nowOf = async (merchant: TestMerchant) => new Date((await advance(harness, merchant, 1)).now);

/** Moves the merchant's clock to a moment, which must be to come. */
const moveTo = async (merchant: TestMerchant, moment: Date | string) => {
  const now = await nowOf(merchant);
  const seconds = Math.ceil((new Date(moment).getTime() - now.getTime()) / 1_000);
  if (seconds > 0) await advance(harness, merchant, seconds);
};

const toEndOfPeriod = async (merchant: TestMerchant, customer: TestCustomer) =>
  moveTo(merchant, (await customer.subscription()).currentPeriodEnd);

const totals = async (customer: TestCustomer) =>
  (await customer.invoices()).map(({ total }: { total: number }) => total);
const sum = (amounts: readonly number[]) => amounts.reduce((all, amount) => all + amount, 0);
const paidBy = async (customer: TestCustomer) =>
  sum((await customer.invoices()).map(({ amountPaid }: { amountPaid: number }) => amountPaid));
const creditOf = async ({ id }: TestCustomer) => {
  const { rows } = await harness.database.db.execute(
    `select credit from simulated_accounts where customer_id = '${id}'`,
  );
  return rows[0]?.['credit'] as Record<string, number>;
};

test('a checkout that is paid gives a subscription, an invoice and a card, and leads back to the merchant', async () => {
  const customer = await customerNamed('whole-life');
  const { id, url } = await customer.createCheckout('pro-monthly', 2);
  expect(url).toBe(`${publicUrl}/sandbox/pay/${harness.merchant.id}.${id}`);
  const page = await send(harness.app, url);
  expect(page.status).toBe(200);
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(page.headers.get('content-security-policy')).toContain(`form-action 'self' ${shopOrigin}`);
  const text = await page.text();
  for (const shown of ['2 × Pro', '$38.00', 'per month', `href="${cancelUrl}"`]) expect(text).toContain(shown);

  const paid = await customer.payAt(url);
  expect([paid.status, paid.headers.get('location')]).toEqual([303, successUrl]);
  expect(await customer.subscription()).toMatchObject({
    status: 'ACTIVE',
    cancelAtPeriodEnd: false,
    items: [{ quantity: 2, price: { key: 'pro-monthly' }, product: { key: 'pro' } }],
  });
  expect(await customer.invoices()).toMatchObject([
    {
      status: 'PAID',
      currency: 'usd',
      total: 3800,
      amountPaid: 3800,
      lines: [{ description: '2 × Pro', amount: 3800 }],
    },
  ]);
  const { paymentMethods } = await customer.own('{ viewer { paymentMethods { type brand lastFour default } } }');
  expect(paymentMethods).toEqual([{ type: 'card', brand: 'visa', lastFour: '4242', default: true }]);
});

test('a card that is declined, mistyped or not confirmed pays nothing, and the next one does', async () => {
  const customer = await customerNamed('declined');
  const { url } = await customer.createCheckout('pro-monthly');
  for (const [card, action, message] of [
    [cards.declined, 'pay', 'Your card was declined'],
    ['4111 1111 1111 1111', 'pay', 'Only the test cards'],
    ['', 'pay', 'Only the test cards'],
    [cards.asks, 'refuse', 'Your card was declined'],
    [cards.failsLater, 'pay', 'Your card was declined'],
  ] as const) {
    const refused = await customer.payAt(url, card, action);
    expect(refused.status).toBe(402);
    expect(await refused.text()).toContain(message);
  }
  const asked = await customer.payAt(url, cards.asks);
  expect(asked.status).toBe(200);
  const text = await asked.text();
  expect(text).toContain('is it you?');
  expect(text).toContain(`value="${cards.asks}"`);
  expect(await customer.subscription()).toBeNull();
  expect(await customer.own('{ viewer { paymentMethods { id } invoices { edges { cursor } } } }')).toEqual({
    paymentMethods: [],
    invoices: { edges: [] },
  });

  expect((await customer.payAt(url, cards.asks, 'authenticate')).status).toBe(303);
  expect(await customer.subscription()).toMatchObject({ status: 'ACTIVE' });
});

test('a card that could not pay does not take the place of one that can', async () => {
  const { merchant, customer } = await subscribed();
  const { url } = await customer.createCheckout('fonts-once');
  expect((await customer.payAt(url, cards.failsLater)).status).toBe(402);
  await toEndOfPeriod(merchant, customer);
  expect(await customer.subscription()).toMatchObject({ status: 'ACTIVE' });
});

test('what is shown on a page is text, whatever the merchant called it', async () => {
  const merchant = await harness.newMerchant('Scripter');
  const name = '<script>alert("1")</script> & \'more\'';
  await apply(harness, merchant, {
    features: [],
    products: [{ key: 'x', name, features: [], prices: [{ key: 'x', currency: 'usd', unitAmount: 100 }] }],
  });
  const customer = await openCustomer(harness, 'reader', merchant);
  const { url } = await customer.createCheckout('x');
  const text = await (await send(harness.app, url)).text();
  expect(text).not.toContain('<script');
  expect(text).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;more&#39;');
  await customer.payAt(url);
  const [invoice] = await customer.invoices();
  expect(await (await send(harness.app, invoice.url)).text()).not.toContain('<script');
});

test('a second click on buy gives the same page, also at the same time, and anything else another one', async () => {
  const customer = await customerNamed('clicks');
  const [first, ...more] = await Promise.all(Array.from({ length: 10 }, () => customer.createCheckout('pro-monthly')));
  expect(more).toEqual(Array.from({ length: 9 }, () => first));
  for (const other of [await customer.createCheckout('pro-monthly', 2), await customer.createCheckout('pro-yearly')]) {
    expect(other.id).not.toBe(first.id);
  }
});

test('a checkout that was paid is paid once, however often its form is sent', async () => {
  const customer = await customerNamed('resender');
  const { url } = await customer.createCheckout('fonts-once');
  const answers = await Promise.all(Array.from({ length: 10 }, () => customer.payAt(url)));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 303));
  expect(await totals(customer)).toEqual([500]);
  const page = await send(harness.app, url);
  expect(await page.text()).toContain('This is paid.');
});

test('two checkouts in two tabs give one subscription and one invoice', async () => {
  const customer = await customerNamed('tabs');
  const pages = [];
  for (const price of ['pro-monthly', 'pro-yearly', 'team-monthly']) pages.push(await customer.createCheckout(price));
  const answers = await Promise.all(pages.map(({ url }) => customer.payAt(url)));
  expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([303, 402, 402]);
  expect(await customer.invoices()).toHaveLength(1);
  const late = pages[answers.findIndex(({ status }) => status === 402)];
  expect(await (await customer.payAt(late.url)).text()).toContain('This page has expired');
  expect(await customer.createCheckout('pro-monthly')).toBe('CONFLICT');
});

test('of pages for different plans that are asked for at once, at most one is given that can be paid', async () => {
  const customer = await customerNamed('at-once');
  const pages = await Promise.all(
    ['pro-monthly', 'pro-yearly', 'team-monthly'].map((price) => customer.createCheckout(price)),
  );
  const given = pages.filter((page) => page !== 'CONFLICT');
  const answers = [];
  for (const { url } of given) answers.push((await customer.payAt(url)).status);
  expect(answers.filter((status) => status === 303).length).toBeLessThanOrEqual(1);
  expect((await customer.invoices()).length).toBeLessThanOrEqual(1);
});

test('a page that has expired, is of another merchant or nobody’s is not there', async () => {
  const own = await createHarnessForTest();
  await apply(own, own.merchant, smallCatalog);
  const customer = await openCustomer(own, 'late');
  const { url } = await customer.createCheckout('pro-monthly');
  const elsewhere = url.replace(own.merchant.id, own.rival.id);
  const strange = [`${publicUrl}/sandbox/pay/`, `${publicUrl}/sandbox/pay/x.y`, `${url}.more`, url.slice(0, -1)];
  for (const address of [elsewhere, ...strange]) {
    expect((await send(own.app, address)).status).toBe(404);
    expect((await submit(own, address, { action: 'pay', card: cards.good })).status).toBe(404);
  }
  expect((await send(own.app, url.replace('/sandbox', ''))).status).toBe(404);

  own.clock.advance(24 * 3_600_000);
  expect((await send(own.app, url)).status).toBe(404);
  expect((await customer.payAt(url)).status).toBe(404);
  expect(await own.database.db.execute('select 1 from subscriptions')).toMatchObject({ rowCount: 0 });
});

test('a checkout that Stripe takes the payment for cannot be paid here', async () => {
  const customer = await customerNamed('at-stripe');
  const { id, url } = await customer.createCheckout('pro-monthly');
  await harness.database.db.execute(
    `update checkouts set stripe_session_id = 'cs_1', url = 'https://checkout.stripe.com/1' where id = '${id}'`,
  );
  expect((await send(harness.app, url)).status).toBe(404);
  expect((await customer.payAt(url)).status).toBe(404);
  expect(await customer.subscription()).toBeNull();
});

test('customers are sent back to the merchant’s own pages only', async () => {
  const customer = await customerNamed('foreign');
  const answer = await harness.graphql(
    customer.token,
    'mutation ($input: CreateCheckoutInput!) { createCheckout(input: $input) { url } }',
    { input: { price: 'pro-monthly', successUrl: 'https://evil.example/', cancelUrl: 'https://evil.example/' } },
  );
  expect(answer.code).toBe('INVALID_INPUT');
  expect(answer.errors[0]?.extensions['problems']).toMatchObject([
    { path: ['input', 'successUrl'] },
    { path: ['input', 'cancelUrl'] },
  ]);
  expect(await customer.own('mutation { createPortalSession(returnUrl: "https://evil.example/") { url } }')).toBe(
    'INVALID_INPUT',
  );
});

test('a subscription is renewed month by month for a year, on the day of its beginning or the last of a shorter month', async () => {
  const clock = createTestClock();
  clock.advance(Date.UTC(2027, 7, 31, 12) - Date.now());
  const own = await createHarnessForTest({ clock });
  await apply(own, own.merchant, smallCatalog);
  const customer = await openCustomer(own, 'month-end');
  await customer.buy('pro-monthly');
  const ends: string[] = [];
  for (let month = 0; month < 13; month++) {
    const { currentPeriodEnd } = await customer.subscription();
    ends.push(currentPeriodEnd.slice(0, 10));
    const { now } = await advance(own, own.merchant, 1);
    await advance(own, own.merchant, Math.ceil((Date.parse(currentPeriodEnd) - Date.parse(now)) / 1_000));
  }
  // 2028 is a leap year.
  expect(ends).toEqual([
    '2027-09-30',
    '2027-10-31',
    '2027-11-30',
    '2027-12-31',
    '2028-01-31',
    '2028-02-29',
    '2028-03-31',
    '2028-04-30',
    '2028-05-31',
    '2028-06-30',
    '2028-07-31',
    '2028-08-31',
    '2028-09-30',
  ]);
  const invoices = await customer.invoices();
  expect(invoices).toHaveLength(14);
  expect(
    invoices.every(({ status, total }: { status: string; total: number }) => status === 'PAID' && total === 1900),
  ).toBe(true);
  expect(invoices.map(({ createdAt }: { createdAt: string }) => createdAt.slice(0, 10)).toReversed()).toEqual([
    '2027-08-31',
    ...ends,
  ]);
});

test('a clock that is moved two years ahead at once lets every period happen', async () => {
  const { merchant, customer } = await subscribed();
  await advance(harness, merchant, 2 * 365 * daySeconds);
  expect((await customer.invoices()).length).toBeGreaterThanOrEqual(24);
  const { status, currentPeriodStart, currentPeriodEnd } = await customer.subscription();
  const now = await nowOf(merchant);
  expect(status).toBe('ACTIVE');
  expect(new Date(currentPeriodStart) <= now && now < new Date(currentPeriodEnd)).toBe(true);
});

test('after a renewal that fails a new card pays what is open, and the subscription goes on', async () => {
  const { merchant, customer } = await subscribed();
  expect((await customer.useCard(cards.failsLater)).status).toBe(303);
  await toEndOfPeriod(merchant, customer);
  expect(await customer.subscription()).toMatchObject({ status: 'PAST_DUE' });
  expect(await customer.invoices()).toMatchObject([
    { status: 'OPEN', amountDue: 1900, amountPaid: 0 },
    { status: 'PAID' },
  ]);
  expect(await customer.feature('projects')).toMatchObject({ granted: true });

  for (const [card, message] of [
    [cards.declined, 'Your card was declined'],
    ['1234', 'Only the test cards'],
  ] as const) {
    const refused = await customer.useCard(card);
    expect(refused.status).toBe(402);
    expect(await refused.text()).toContain(message);
  }
  expect(await customer.subscription()).toMatchObject({ status: 'PAST_DUE' });
  const replaced = await customer.useCard(cards.other);
  expect([replaced.status, replaced.headers.get('location')]).toEqual([303, returnUrl]);
  expect(await customer.subscription()).toMatchObject({ status: 'ACTIVE' });
  expect(await customer.invoices()).toMatchObject([{ status: 'PAID', amountPaid: 1900 }, { status: 'PAID' }]);
  expect((await customer.own('{ viewer { paymentMethods { brand lastFour } } }')).paymentMethods).toEqual([
    { brand: 'mastercard', lastFour: '4444' },
  ]);
});

test('after a second renewal that fails the subscription ends, and what was open is asked for no more', async () => {
  const { merchant, customer } = await subscribed();
  await customer.useCard(cards.failsLater);
  await toEndOfPeriod(merchant, customer);
  await toEndOfPeriod(merchant, customer);
  expect(await customer.subscription()).toMatchObject({ status: 'CANCELED' });
  expect(await customer.feature('projects')).toMatchObject({ granted: false });
  expect(await customer.invoices()).toMatchObject([{ status: 'UNCOLLECTIBLE', amountPaid: 0 }, { status: 'PAID' }]);
  await customer.useCard(cards.good);
  expect(await paidBy(customer)).toBe(1900);
  expect(await customer.subscription()).toMatchObject({ status: 'CANCELED' });
  await customer.buy('pro-monthly');
  expect(await customer.subscription()).toMatchObject({ status: 'ACTIVE' });
});

test('a subscription that is canceled ends with its period, and can be had again', async () => {
  const { merchant, customer } = await subscribed();
  const before = await customer.subscription();
  const canceled = await customer.cancel();
  expect(canceled).toMatchObject({ id: before.id, status: 'ACTIVE', cancelAtPeriodEnd: true });
  expect(canceled.canceledAt).not.toBeNull();
  expect(await customer.cancel()).toEqual(canceled);
  expect(await customer.feature('projects')).toMatchObject({ granted: true });

  await toEndOfPeriod(merchant, customer);
  expect(await customer.subscription()).toMatchObject({ status: 'CANCELED' });
  expect(await customer.feature('projects')).toMatchObject({ granted: false });
  expect(await totals(customer)).toEqual([1900]);
  expect(await customer.resume()).toBe('CONFLICT');
  await customer.buy('pro-yearly');
  expect(await customer.subscription()).toMatchObject({ status: 'ACTIVE', items: [{ price: { key: 'pro-yearly' } }] });
});

test('a cancellation is taken back while the subscription runs, and what was not canceled stays as it is', async () => {
  const { merchant, customer } = await subscribed();
  const before = await customer.subscription();
  expect(await customer.resume()).toEqual(before);
  await customer.cancel();
  expect(await customer.resume()).toEqual(before);
  await toEndOfPeriod(merchant, customer);
  expect(await customer.subscription()).toMatchObject({ status: 'ACTIVE' });
  expect(await totals(customer)).toEqual([1900, 1900]);
});

test('a cancellation at once ends the subscription and gives nothing back, however often and when it is asked for', async () => {
  const { customer } = await subscribed();
  await customer.cancel();
  const answers = await Promise.all(Array.from({ length: 5 }, () => customer.cancel('NOW')));
  expect(answers).toEqual(answers.map(() => expect.objectContaining({ status: 'CANCELED', cancelAtPeriodEnd: false })));
  expect(await customer.cancel()).toMatchObject({ status: 'CANCELED' });
  expect(await totals(customer)).toEqual([1900]);
  expect(await creditOf(customer)).toEqual({ usd: 0 });
});

test('without a subscription there is nothing to change, to cancel or to resume', async () => {
  const customer = await customerNamed('nothing');
  for (const answer of [
    await customer.changePlan('pro-monthly'),
    await customer.preview('pro-monthly'),
    await customer.cancel(),
    await customer.resume(),
  ]) {
    expect(answer).toBe('CONFLICT');
  }
});

test('an upgrade costs what its preview said: what is left of the period, and no new one', async () => {
  const { merchant, customer } = await subscribed();
  const { currentPeriodStart, currentPeriodEnd } = await customer.subscription();
  const middle = new Date((Date.parse(currentPeriodStart) + Date.parse(currentPeriodEnd)) / 2);
  await moveTo(merchant, middle);
  const preview = await customer.preview('team-monthly', 10);
  // Five at fifteen dollars and five at twelve.
  expect(preview).toEqual({
    currency: 'usd',
    amountDueNow: 5800,
    recurringAmount: 13_500,
    nextInvoiceAt: currentPeriodEnd,
    lines: [
      { description: 'Unused time on Pro', amount: -950 },
      { description: 'Remaining time on Team', amount: 6750 },
    ],
  });
  expect(await totals(customer)).toEqual([1900]);
  expect(await customer.changePlan('team-monthly', 10)).toMatchObject({
    status: 'ACTIVE',
    currentPeriodStart,
    currentPeriodEnd,
    items: [{ quantity: 10, price: { key: 'team-monthly' } }],
  });
  expect((await customer.invoices())[0]).toMatchObject({ status: 'PAID', total: 5800, lines: preview.lines });
  await moveTo(merchant, currentPeriodEnd);
  expect(await totals(customer)).toEqual([13_500, 5800, 1900]);
});

test('what a downgrade gives back is used up by the next invoices, and never twice', async () => {
  const { merchant, customer } = await subscribed('team-monthly', { quantity: 10 });
  const preview = await customer.preview('pro-monthly');
  const credit = -preview.amountDueNow;
  expect(credit).toBeGreaterThan(11_000);
  await customer.changePlan('pro-monthly');
  expect(await customer.invoices()).toMatchObject([
    { status: 'PAID', total: -credit, amountDue: 0, amountPaid: 0 },
    { total: 13_500, amountPaid: 13_500 },
  ]);
  expect(await creditOf(customer)).toEqual({ usd: credit });

  const { currentPeriodStart } = await customer.subscription();
  const months = Math.ceil(credit / 1900) + 2;
  for (let month = 0; month < months; month++) await toEndOfPeriod(merchant, customer);
  expect((await customer.subscription()).currentPeriodStart).not.toBe(currentPeriodStart);
  expect(await creditOf(customer)).toEqual({ usd: 0 });
  expect(await paidBy(customer)).toBe(13_500 + months * 1900 - credit);
});

test('a credit counts towards a change of plan, as its preview says', async () => {
  const { customer } = await subscribed('team-monthly', { quantity: 2 });
  await customer.changePlan('pro-monthly');
  const { usd = 0 } = await creditOf(customer);
  const preview = await customer.preview('team-monthly', 2);
  expect(preview.amountDueNow).toBe(
    Math.max(0, sum(preview.lines.map(({ amount }: { amount: number }) => amount)) - usd),
  );
  await customer.changePlan('team-monthly', 2);
  expect((await customer.invoices())[0]).toMatchObject({ amountDue: preview.amountDueNow });
  expect(await paidBy(customer)).toBe(3000 + preview.amountDueNow);
});

test('another interval begins a new period that day, and its months end on that day from then on', async () => {
  const clock = createTestClock();
  clock.advance(Date.UTC(2027, 0, 10, 12) - Date.now());
  const own = await createHarnessForTest({ clock });
  await apply(own, own.merchant, smallCatalog);
  const customer = await openCustomer(own, 'interval');
  await customer.buy('pro-monthly');
  await advance(own, own.merchant, 21 * daySeconds);
  const preview = await customer.preview('pro-yearly');
  expect(preview.lines).toEqual([
    { description: 'Unused time on Pro', amount: expect.any(Number) },
    { description: 'Pro', amount: 19_000 },
  ]);
  expect(preview.recurringAmount).toBe(19_000);
  const yearly = await customer.changePlan('pro-yearly');
  expect(yearly.currentPeriodStart.slice(0, 10)).toBe('2027-01-31');
  expect(yearly.currentPeriodEnd.slice(0, 10)).toBe('2028-01-31');
  expect((await customer.invoices())[0]).toMatchObject({ total: preview.amountDueNow, lines: preview.lines });

  const endAfter = async (seconds: number) => {
    await advance(own, own.merchant, seconds);
    return (await customer.subscription()).currentPeriodEnd.slice(0, 10);
  };
  expect(await endAfter(366 * daySeconds)).toBe('2029-01-31');
  await customer.changePlan('pro-monthly');
  expect(await endAfter(1)).toBe('2028-03-01');
  expect(await endAfter(32 * daySeconds)).toBe('2028-04-01');
});

test('a change that cannot be paid leaves everything as it was', async () => {
  const { customer } = await subscribed();
  await customer.useCard(cards.failsLater);
  const before = [await customer.subscription(), await customer.invoices(), await creditOf(customer)];
  expect(await customer.changePlan('team-monthly', 10)).toBe('PAYMENT_FAILED');
  const { status } = await harness.graphql(
    customer.token,
    'mutation { changePlan(input: { price: "team-monthly", quantity: 10 }) { id } }',
  );
  expect(status).toBe(402);
  expect([await customer.subscription(), await customer.invoices(), await creditOf(customer)]).toEqual(before);
  await customer.useCard(cards.good);
  expect(await customer.changePlan('team-monthly', 10)).toMatchObject({ items: [{ quantity: 10 }] });
});

test('nothing is given back of a period that was not paid', async () => {
  const { merchant, customer } = await subscribed('team-monthly', { quantity: 10 });
  await customer.useCard(cards.failsLater);
  await toEndOfPeriod(merchant, customer);
  expect(await customer.changePlan('pro-monthly')).toBe('PAYMENT_FAILED');
  expect(await creditOf(customer)).toEqual({ usd: 0 });
});

test('a change to the plan that one has changes nothing and bills nothing', async () => {
  const { customer } = await subscribed('team-monthly', { quantity: 3 });
  const before = [await customer.subscription(), await customer.invoices()];
  expect(await customer.preview('team-monthly', 3)).toMatchObject({
    amountDueNow: 0,
    lines: [],
    recurringAmount: 4500,
  });
  expect(await customer.changePlan('team-monthly', 3)).toEqual(before[0]);
  expect([await customer.subscription(), await customer.invoices()]).toEqual(before);
});

test('twenty changes at once are one change when they are the same, and one after the other when not', async () => {
  const { customer } = await subscribed();
  const same = await Promise.all(Array.from({ length: 20 }, () => customer.changePlan('team-monthly', 2)));
  expect(same).toEqual(same.map(() => same[0]));
  expect(await customer.invoices()).toHaveLength(2);

  const different = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      customer.changePlan(index % 2 ? 'pro-monthly' : 'team-monthly', 1 + (index % 3)),
    ),
  );
  expect(different.filter((answer) => typeof answer === 'string')).toEqual([]);
  // Nobody paid twice for the same time: what was paid is what is had now, and the credit.
  const invoiced = sum(await totals(customer));
  const { usd = 0 } = await creditOf(customer);
  expect(await paidBy(customer)).toBe(invoiced + usd);
  const { recurringAmount } = await customer.preview('pro-yearly').then(async () => {
    const [{ price, quantity }] = (await customer.subscription()).items;
    return customer.preview(price.key, quantity);
  });
  expect(Math.abs(invoiced - recurringAmount)).toBeLessThanOrEqual(20);
});

test('a plan of another currency, one that is paid once, and one that is not for sale are refused', async () => {
  const { customer } = await subscribed();
  for (const [price, code] of [
    ['pro-monthly-eur', 'CONFLICT'],
    ['fonts-once', 'CONFLICT'],
    ['pro-hidden', 'NOT_FOUND'],
    ['none', 'NOT_FOUND'],
  ] as const) {
    expect([price, await customer.changePlan(price), await customer.preview(price)]).toEqual([price, code, code]);
  }
  expect(await totals(customer)).toEqual([1900]);
});

test('what is bought once is bought beside a subscription, as often as one likes', async () => {
  const { merchant, customer } = await subscribed();
  await customer.buy('fonts-once');
  await customer.buy('fonts-once', { quantity: 3 });
  expect(await totals(customer)).toEqual([1500, 500, 1900]);
  await toEndOfPeriod(merchant, customer);
  expect(await totals(customer)).toEqual([1900, 1500, 500, 1900]);
});

const tiered = (key: string, tiersMode: string) => ({
  key,
  currency: 'usd',
  tiersMode,
  tiers: [
    { upTo: 5, unitAmount: '1000', flatAmount: '100' },
    { upTo: 10, unitAmount: '800.5' },
    { unitAmount: '0', flatAmount: '9000' },
  ],
});

test.each([
  ['graduated', 1, 1100],
  ['graduated', 5, 5100],
  ['graduated', 6, 5901],
  ['graduated', 7, 6701],
  ['graduated', 12, 18_103],
  ['volume', 1, 1100],
  ['volume', 5, 5100],
  ['volume', 6, 4803],
  ['volume', 7, 5604],
  ['volume', 12, 9000],
])('tiers that are %s make %i cost %i', async (mode, quantity, total) => {
  const merchant = await harness.newMerchant('Tiers');
  const prices = [tiered('graduated', 'GRADUATED'), tiered('volume', 'VOLUME')];
  await apply(harness, merchant, { features: [], products: [{ key: 'x', name: 'X', features: [], prices }] });
  const customer = await openCustomer(harness, 'tiers', merchant);
  await customer.buy(mode, { quantity });
  expect(await totals(customer)).toEqual([total]);
});

test('yen have no minor units, dinars have three digits of them, and parts of one are rounded once', async () => {
  const merchant = await harness.newMerchant('Currencies');
  const once = (key: string, currency: string, unitAmountDecimal: string) => ({ key, currency, unitAmountDecimal });
  const prices = [
    once('yen', 'jpy', '1200'),
    once('dinar', 'kwd', '1234'),
    once('parts', 'usd', '0.333'),
    once('free', 'usd', '0'),
  ];
  await apply(harness, merchant, { features: [], products: [{ key: 'x', name: 'X', features: [], prices }] });
  const customer = await openCustomer(harness, 'currencies', merchant);
  for (const [price, quantity, amount, shown] of [
    ['yen', 3, 3600, '¥3,600'],
    ['dinar', 2, 2468, '2.468'],
    ['parts', 1000, 333, '$3.33'],
    ['free', 1, 0, '$0.00'],
  ] as const) {
    const { url } = await customer.createCheckout(price, quantity);
    expect(await (await send(harness.app, url)).text()).toContain(shown);
    await customer.payAt(url);
    const [invoice] = await customer.invoices();
    expect(invoice).toMatchObject({ total: amount, amountPaid: amount });
    expect(await (await send(harness.app, invoice.url)).text()).toContain(shown);
  }
});

test('invoices come the newest first, page by page, and each can be read by whoever has its address', async () => {
  const { merchant, customer } = await subscribed();
  for (let month = 0; month < 4; month++) await toEndOfPeriod(merchant, customer);
  const seen: string[] = [];
  for (let after: string | null = null, isLast = false; !isLast;) {
    const { edges, pageInfo } = await customer.invoicePage(2, after);
    seen.push(...edges.map(({ node }: { node: { id: string } }) => node.id));
    after = pageInfo.endCursor;
    isLast = !pageInfo.hasNextPage;
  }
  const all = await customer.invoices();
  expect(seen).toEqual(all.map(({ id }: { id: string }) => id));
  expect(seen).toHaveLength(5);
  const times = all.map(({ createdAt }: { createdAt: string }) => createdAt);
  expect(times).toEqual(times.toSorted().toReversed());

  const html = await send(harness.app, all[0].url);
  expect(html.headers.get('content-type')).toBe('text/html; charset=utf-8');
  const text = await html.text();
  for (const shown of [all[0].number, 'Pro', '$19.00', 'paid', all[0].createdAt.slice(0, 10)])
    expect(text).toContain(shown);
  expect((await submit(harness, all[0].url, { action: 'pay', card: cards.good })).status).toBe(200);

  const stranger = await openCustomer(harness, 'stranger', merchant);
  expect(await stranger.invoices()).toEqual([]);
});

test('a portal shows the card and the invoices, and leads back', async () => {
  const { customer } = await subscribed();
  const { url } = await customer.own(`mutation { createPortalSession(returnUrl: "${returnUrl}") { url } }`);
  const text = await (await send(harness.app, url)).text();
  for (const shown of ['visa •••• 4242', '$19.00', `href="${returnUrl}"`]) expect(text).toContain(shown);
  const own = await createHarnessForTest({ connection: harness.connection, clock: createTestClock() });
  own.clock.advance(3_600_000);
  expect((await send(own.app, url)).status).toBe(404);
  expect((await submit(own, url, { action: 'replace', card: cards.other })).status).toBe(404);
});

test('a test clock moves for one merchant, only ahead, and not in live', async () => {
  const [one, other] = [await harness.newMerchant('One'), await harness.newMerchant('Other')];
  const before = await nowOf(other);
  const { now } = await advance(harness, one, 1000 * daySeconds * 0.5);
  expect(Date.parse(now) - before.getTime()).toBeGreaterThan(499 * daySeconds * 1_000);
  expect((await nowOf(other)).getTime() - before.getTime()).toBeLessThan(600_000);
  expect(await advance(harness, one, 0)).toBe('INVALID_INPUT');
  expect(await advance(harness, one, -1)).toBe('INVALID_INPUT');
  for (let moves = 0; moves < 49; moves++) await advance(harness, one, 63_072_000);
  expect(await advance(harness, one, 63_072_000)).toBe('INVALID_INPUT');

  const live = await harness.newMerchant('Live', 'live');
  expect(await advance(harness, live, 60)).toBe('FORBIDDEN');
  const customer = await openCustomer(harness, 'clock');
  expect(await customer.own('mutation { advanceTestClock(bySeconds: 60) { now } }')).toBe('FORBIDDEN');
});

test('renewals that two processes do at once are billed once', async () => {
  const own = await createHarnessForTest();
  const second = await createHarnessForTest({ connection: own.connection, clock: own.clock });
  await apply(own, own.merchant, smallCatalog);
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const customers = await Promise.all(names.map((name) => openCustomer(own, name)));
  for (const customer of customers) await customer.buy('pro-monthly');
  own.clock.advance(95 * daySeconds * 1_000);
  const { rules } = own;
  const owner = { merchantId: own.merchant.id, environment: 'test' } as const;
  await Promise.all([
    rules.renewals.settleFor(owner),
    second.rules.renewals.settleFor(owner),
    rules.renewals.settleFor(owner),
    second.rules.renewals.settleFor(owner),
  ]);
  for (const name of names) {
    // The sessions of before are over by now.
    const customer = await openCustomer(own, name);
    expect(await totals(customer)).toEqual([1900, 1900, 1900, 1900]);
  }
});

test('one subscription that cannot be renewed keeps no other one waiting', async () => {
  const { merchant, customer } = await subscribed();
  const other = await openCustomer(harness, 'other', merchant);
  await other.buy('pro-monthly');
  await harness.database.db.execute(
    `update subscriptions set items = '[{"priceKey": "pro-monthly", "quantity": 0.5}]' where customer_id = '${customer.id}'`,
  );
  await toEndOfPeriod(merchant, other);
  expect(await totals(other)).toEqual([1900, 1900]);
  expect(harness.logLines.some((line) => line.includes('a subscription of the sandbox was not renewed'))).toBe(true);
});

const removeCustomer = (merchant: TestMerchant, id: string) =>
  ask(harness, { credential: merchant.secretKey }, 'mutation ($id: ID!) { deleteCustomer(id: $id) { deletedId } }', {
    id,
  });

const ownedTables = [
  'subscriptions',
  'purchases',
  'usage_totals',
  'usage_events',
  'checkouts',
  'simulated_accounts',
  'simulated_invoices',
  'simulated_portals',
];

const rowsOf = async (id: string) =>
  Promise.all(
    ownedTables.map(async (table) => {
      const { rowCount } = await harness.database.db.execute(`select 1 from ${table} where customer_id = '${id}'`);
      return [table, rowCount];
    }),
  );

test('a customer that is deleted leaves nothing of its billing, and its pages are gone', async () => {
  const { merchant, customer } = await subscribed();
  await customer.buy('fonts-once');
  await customer.track('one');
  await customer.useCard(cards.other);
  const { url } = await customer.createCheckout('fonts-once', 2);
  const [invoice] = await customer.invoices();
  expect(await rowsOf(customer.id)).toEqual(ownedTables.map((table) => [table, expect.any(Number)]));
  expect((await rowsOf(customer.id)).every(([, count]) => Number(count) > 0)).toBe(true);

  expect(await removeCustomer(merchant, customer.id)).toEqual({ deletedId: customer.id });
  expect(await rowsOf(customer.id)).toEqual(ownedTables.map((table) => [table, 0]));
  for (const address of [url, invoice.url]) expect((await send(harness.app, address)).status).toBe(404);
  expect((await customer.payAt(url)).status).toBe(404);
  await advance(harness, merchant, 40 * daySeconds);
});

const mergeInto = (merchant: TestMerchant, from: string, into: string) =>
  ask(
    harness,
    { credential: merchant.secretKey },
    'mutation ($from: ID!, $into: ID!) { mergeCustomers(from: $from, into: $into, reason: "same person") { id } }',
    { from, into },
  );

test('a merge moves all that belongs to a customer: what it has, used, paid, owes and was given back', async () => {
  const { merchant, customer } = await subscribed('team-monthly', { quantity: 10 });
  await customer.changePlan('pro-monthly');
  await customer.buy('fonts-once');
  await customer.track('one', { amount: 5 });
  const open = await customer.createCheckout('fonts-once', 2);
  const [subscription, invoices, { usd = 0 }] = [
    await customer.subscription(),
    await customer.invoices(),
    await creditOf(customer),
  ];
  const { cus_into: into = '' } = await importCustomers(harness, merchant, { cus_into: null });
  await harness.database.db.execute(`
    insert into simulated_accounts values ('${merchant.id}', 'test', '${into}', null, '{"usd": 7, "eur": 3}')`);
  await harness.database.db.execute(`
    insert into usage_totals select merchant_id, environment, '${into}', feature_key, period_start, 4
    from usage_totals where customer_id = '${customer.id}'`);
  await harness.database.db.execute(`
    insert into usage_events select merchant_id, environment, '${into}', idempotency_key, feature_key, 4, created_at
    from usage_events where customer_id = '${customer.id}'`);

  expect(await mergeInto(merchant, customer.id, into)).toEqual({ id: into });
  const merged = await openCustomer(harness, 'subscriber', merchant);
  expect(merged.id).toBe(into);
  expect(await merged.subscription()).toEqual(subscription);
  expect(await merged.invoices()).toEqual(invoices);
  expect(await creditOf(merged)).toEqual({ usd: usd + 7, eur: 3 });
  expect((await merged.feature('exports')).usage).toMatchObject({ used: 9 });
  expect(await merged.feature('fonts')).toMatchObject({ granted: true });
  expect((await merged.own('{ viewer { paymentMethods { lastFour } } }')).paymentMethods).toEqual([
    { lastFour: '4242' },
  ]);
  expect(await merged.createCheckout('fonts-once', 2)).toEqual(open);
  expect((await merged.payAt(open.url)).status).toBe(303);
  await toEndOfPeriod(merchant, merged);
  expect(await merged.subscription()).toMatchObject({ status: 'ACTIVE' });
  expect(await rowsOf(customer.id)).toEqual(ownedTables.map((table) => [table, 0]));
});

test('in live without Stripe nothing can be bought, and what is read is empty', async () => {
  const live = await harness.newMerchant('Live', 'live');
  await apply(harness, live, smallCatalog);
  const customer = await openCustomer(harness, 'live', live);
  expect(await customer.createCheckout('pro-monthly')).toBe('PAYMENTS_NOT_CONFIGURED');
  const portal = `mutation { createPortalSession(returnUrl: "${returnUrl}") { url } }`;
  expect(await customer.own(portal)).toBe('PAYMENTS_NOT_CONFIGURED');
  const { status } = await harness.graphql(customer.token, portal, {}, { environment: 'live' });
  expect(status).toBe(501);
  expect(
    await customer.own(
      '{ viewer { subscription { id } invoices { edges { cursor } } paymentMethods { id } feature(key: "exports") { amount } } }',
    ),
  ).toEqual({ subscription: null, invoices: { edges: [] }, paymentMethods: [], feature: { amount: 3 } });
});

test('a start warns of each merchant that is live while nobody takes its payments', async () => {
  const own = await createHarnessForTest();
  const [without, connected, ended] = [
    await own.newMerchant('Without', 'live'),
    await own.newMerchant('Connected', 'live'),
    await own.newMerchant('Ended', 'live'),
  ];
  const { stripeAccounts, secretKeys } = own.rules;
  await stripeAccounts.connect({ merchantId: connected.id, environment: 'live' }, { secretKey: 'rk_live_1' });
  const owner = { merchantId: ended.id, environment: 'live' } as const;
  await secretKeys.revoke(owner, (await secretKeys.list(owner))[0]?.id ?? 'key_', { sessions: 'revoke' });

  const warned: object[] = [];
  await warnOfLiveWithoutPayments(own.rules, { warn: (about: object) => void warned.push(about) });
  expect(warned).toEqual([{ merchantId: without.id }]);
});
