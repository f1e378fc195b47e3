import { expect, onTestFinished, test } from 'vitest';
import { apply } from '../support/catalog.ts';
import { openCustomer } from '../support/billing.ts';
import { createHarnessForTest } from '../support/harness.ts';
import { ownerOf } from '../support/import.ts';
import { ledgerPrice, testKey } from '../support/stripe-payments.ts';
import { createStripePaymentsServer } from '../support/stripe-payments-server.ts';
import { connectStripe, eventOf } from '../support/stripe-webhook.ts';

const monthly = { interval: 'MONTH' };
const catalog = {
  features: [],
  products: [
    {
      key: 'plans',
      name: 'Plans',
      features: [],
      prices: [
        { key: 'basic', currency: 'eur', unitAmount: 1000, recurring: monthly, stripePriceId: 'price_basic' },
        { key: 'pro', currency: 'eur', unitAmount: 3000, recurring: monthly, stripePriceId: 'price_pro' },
        {
          key: 'year',
          currency: 'eur',
          unitAmount: 30_000,
          recurring: { interval: 'YEAR' },
          stripePriceId: 'price_year',
        },
      ],
    },
  ],
};

/** The whole service with a merchant whose payments go through Stripe, which knows these prices. */
async function open(prices = [ledgerPrice('basic'), ledgerPrice('pro'), ledgerPrice('year')]) {
  const server = await createStripePaymentsServer({ keys: { [testKey]: 'all' }, prices });
  onTestFinished(server.close);
  const harness = await createHarnessForTest({ stripeApiBase: server.apiBase });
  await apply(harness, harness.merchant, catalog);
  const customer = await openCustomer(harness, 'ada');
  const connect = async () => {
    await harness.rules.stripeAccounts.connect(ownerOf(harness.merchant), { secretKey: testKey });
    // Whether there is an account is known for a second.
    harness.clock.advance(1_001);
  };
  const statuses = () => [...server.sessions.values()].map(({ status }) => status);
  return { server, harness, customer, connect, statuses, prices };
}

test('of the pages that were opened for different plans only the last one can be paid', async () => {
  const { customer, connect, statuses } = await open();
  await connect();
  await customer.createCheckout('basic');
  await customer.createCheckout('pro');
  expect(statuses()).toEqual(['expired', 'open']);
});

test('of pages that are asked for at the same moment at most one can be paid', async () => {
  const { customer, connect, statuses } = await open();
  await connect();
  await Promise.all(['basic', 'pro', 'basic', 'pro'].map((price) => customer.createCheckout(price)));
  expect(statuses().filter((status) => status === 'open').length).toBeLessThanOrEqual(1);
});

test('a page that another request has just opened is closed, too, when a third is asked for', async () => {
  const { server, customer, connect, statuses } = await open();
  await connect();
  await customer.createCheckout('basic');
  const expiring = /expire$/;
  const [second, third] = [server.hold(expiring), server.hold(expiring)];
  const pro = customer.createCheckout('pro');
  await second.reached;
  // It finds the second one without a page.
  const year = customer.createCheckout('year');
  await third.reached;
  second.release();
  expect(await pro).toMatchObject({ url: expect.any(String) });
  third.release();
  expect(await year).toMatchObject({ url: expect.any(String) });
  expect(statuses()).toEqual(['expired', 'expired', 'open']);
});

test('a page that Stripe refused can be opened as soon as what was wrong is mended', async () => {
  const { customer, connect, prices, server } = await open([ledgerPrice('basic')]);
  await connect();
  expect(await customer.createCheckout('pro')).toBe('CONFLICT');
  prices.push(ledgerPrice('pro'));
  expect(await customer.createCheckout('pro')).toMatchObject({ url: expect.any(String) });
  expect(server.sessions.size).toBe(1);
});

test('a subscription that is not paid for ends when its customer cancels it, and no second one is begun before', async () => {
  const { customer, connect, server, harness } = await open();
  const webhooks = await connectStripe(harness);
  await connect();
  await customer.createCheckout('basic');
  const [customerAtStripe = ''] = server.customers.keys();
  const subscription = server.subscribe(customerAtStripe, ledgerPrice('basic'));
  subscription.status = 'unpaid';
  await webhooks.tellAll(eventOf('customer.subscription.created', subscription, { created: server.now() - 60 }));
  expect(await customer.createCheckout('pro')).toBe('CONFLICT');
  expect(await customer.cancel('NOW')).toMatchObject({ status: 'CANCELED' });
  expect(server.subscriptions.get(subscription.id)?.status).toBe('canceled');
});

test('a subscription of the built-in payments stays theirs when Stripe is connected', async () => {
  const { customer, connect, server } = await open();
  await customer.buy('basic');
  await connect();
  expect(await customer.changePlan('pro')).toMatchObject({ status: 'ACTIVE' });
  expect(await customer.cancel('NOW')).toMatchObject({ status: 'CANCELED' });
  expect(server.requests.filter(({ path }) => path.includes('subscription'))).toEqual([]);
});
