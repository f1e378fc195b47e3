import { eq, sql } from 'drizzle-orm';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { customers } from '../../server/database/tables.ts';
import type { PayingCustomer, PriceForSale, RunningSubscription } from '../../server/payments/payments.ts';
import { ownerOf, sourceCustomer, sourceOf } from '../support/import.ts';
import { describePayments } from '../support/payments-contract.ts';
import { textOf } from '../support/stripe-form.ts';
import {
  ledgerPrice,
  type OpenedStripePayments,
  openStripePayments,
  restrictedKey,
  testKey,
} from '../support/stripe-payments.ts';
import { eventOf, stripeCustomer } from '../support/stripe-webhook.ts';

let opened: OpenedStripePayments;
beforeEach(async () => {
  opened = await openStripePayments();
  onTestFinished(opened.close);
});

describePayments('Payments by Stripe', async () => {
  const { payments, owner, price, server } = opened;
  const customer = await opened.payingCustomer();
  return {
    payments,
    owner,
    customer,
    price,
    checkout: (key) => opened.newCheckout(customer, key),
    subscribe: (key) => opened.subscribe(customer, key),
    read: () => opened.readSubscription(customer.id),
    failNextPayment: async () => server.declineNext(),
    // It ends with the test.
    close: async () => undefined,
  };
});

const everything = { first: 100, after: undefined };
const to = (key: 'basic' | 'pro' | 'year', quantity = 1) => ({ price: opened.price(key), quantity });
const asked = (path: string) => opened.server.requests.filter((request) => request.path === path);
const storedId = async ({ id }: PayingCustomer) =>
  (await opened.db.select().from(customers).where(eq(customers.id, id)))[0]?.stripeCustomerId;
const open = async (customer = opened.customer, key: 'basic' | 'once' = 'basic') =>
  opened.payments.openCheckout(opened.owner, await opened.newCheckout(customer, key));
const changeTo = (running: RunningSubscription, key: 'basic' | 'pro') =>
  opened.payments.changePlan(opened.owner, running, to(key));

describe('a page to pay on', () => {
  test('says what is bought, by whom, until when, and where to come back to', async () => {
    const customer = await opened.payingCustomer();
    const checkout = await opened.newCheckout(customer, 'basic');
    await opened.payments.openCheckout(opened.owner, { ...checkout, quantity: 3 });
    const metadata = { billingos_checkout: checkout.id, billingos_customer: customer.id };
    expect(asked('/v1/checkout/sessions')).toMatchObject([
      {
        idempotencyKey: checkout.id,
        form: {
          mode: 'subscription',
          customer: customer.stripeCustomerId,
          client_reference_id: checkout.id,
          line_items: { 0: { price: 'price_basic', quantity: '3' } },
          success_url: checkout.successUrl,
          cancel_url: checkout.cancelUrl,
          expires_at: String(Math.floor(checkout.expiresAt.getTime() / 1_000)),
          metadata,
          subscription_data: { metadata },
        },
      },
    ]);
  });

  test('of what is paid once is for a payment', async () => {
    await open(await opened.payingCustomer(), 'once');
    const [request] = asked('/v1/checkout/sessions');
    expect(request?.form).toMatchObject({ mode: 'payment', payment_intent_data: { metadata: {} } });
    expect(request?.form).not.toHaveProperty('subscription_data');
  });

  test('makes the customer at Stripe first, once, and remembers it', async () => {
    await open();
    const id = await storedId(opened.customer);
    expect(opened.server.customers.get(id ?? '')).toMatchObject({
      email: 'ada@example.com',
      name: 'Name of ada',
      metadata: { billingos_customer: opened.customer.id },
    });
    expect(asked('/v1/customers')).toMatchObject([{ idempotencyKey: `customer:${opened.customer.id}` }]);

    await open({ ...opened.customer, stripeCustomerId: id ?? null });
    expect(opened.server.customers.size).toBe(1);
  });

  test('makes one customer of ten who come at once', async () => {
    await Promise.all(Array.from({ length: 10 }, () => open()));
    expect(opened.server.customers.size).toBe(1);
    const used = asked('/v1/checkout/sessions').map(({ form }) => textOf(form, 'customer'));
    expect(new Set(used)).toEqual(new Set([await storedId(opened.customer)]));
  });

  test('is of the customer that is stored, also for who does not know of it', async () => {
    const { stripeCustomerId } = await opened.payingCustomer();
    await open(opened.customer);
    expect(asked('/v1/checkout/sessions')[0]?.form).toMatchObject({ customer: stripeCustomerId });
    expect(await storedId(opened.customer)).toBe(stripeCustomerId);
  });

  test('makes another customer when Stripe answers with one that was deleted', async () => {
    await open();
    const first = (await storedId(opened.customer)) ?? '';
    const gone = opened.server.customers.get(first);
    if (gone) gone.deleted = true;
    await opened.webhooks.tellAll(eventOf('customer.deleted', stripeCustomer(first), { created: opened.server.now() }));
    expect(await storedId(opened.customer)).toBeNull();

    await open();
    const second = await storedId(opened.customer);
    expect([null, first]).not.toContain(second);
    expect(asked('/v1/checkout/sessions').at(-1)?.form).toMatchObject({ customer: second });
  });

  test('is one page when the connection broke off after Stripe had opened it', async () => {
    const customer = await opened.payingCustomer();
    opened.server.fail({ kind: 'cutAfter' });
    const { url } = await open(customer);
    expect([...opened.server.sessions.values()].map((session) => session['url'])).toEqual([url]);
  });

  test('of something else under the same name is a conflict', async () => {
    const checkout = await opened.newCheckout(await opened.payingCustomer(), 'basic');
    await opened.payments.openCheckout(opened.owner, checkout);
    const other = opened.payments.openCheckout(opened.owner, { ...checkout, quantity: 2 });
    await expect(other).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('of a price that Stripe does not have is a conflict, and names no id', async () => {
    const checkout = await opened.newCheckout(await opened.payingCustomer(), 'basic');
    const refusalOf = (price: PriceForSale) =>
      opened.payments.openCheckout(opened.owner, { ...checkout, id: `${price.stripePriceId}`, price });
    await expect(refusalOf({ ...checkout.price, stripePriceId: 'price_gone' })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: 'Stripe has no such price any more.',
    });
    await expect(refusalOf({ ...checkout.price, stripePriceId: null })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: 'This price is not one of Stripe’s.',
    });
  });
});

describe('a customer that was made at Stripe', () => {
  /** Made there, and not written down here. */
  const makeUnnoticed = async () => {
    const before = await storedId(opened.customer);
    await open();
    const id = (await storedId(opened.customer)) ?? '';
    await opened.db
      .update(customers)
      .set({ stripeCustomerId: before ?? null })
      .where(eq(customers.id, opened.customer.id));
    return { ...opened.server.customers.get(id), id };
  };
  const owned = () => opened.db.select().from(customers).where(eq(customers.merchantId, opened.owner.merchantId));

  test('is the same one when Stripe tells of it first', async () => {
    const made = await makeUnnoticed();
    await opened.webhooks.tellAll(eventOf('customer.created', made, { created: opened.server.now() }));
    expect(await owned()).toMatchObject([{ id: opened.customer.id, externalUserId: 'ada', stripeCustomerId: made.id }]);
  });

  test('is the same one when an import finds it first', async () => {
    const { id } = await makeUnnoticed();
    const record = { ...sourceCustomer(id, 'ada@example.com'), metadata: { billingos_customer: opened.customer.id } };
    const options = { source: sourceOf([record]), sourceName: 'test', mode: 'real', productKeyOf: () => 'x' } as const;
    const { imports } = opened.harness.rules;
    await imports.run(opened.owner, await imports.begin(opened.owner, options), options);
    expect(await owned()).toMatchObject([{ id: opened.customer.id, stripeCustomerId: id }]);
  });

  test('is not taken by a customer that has another one, nor by another merchant’s', async () => {
    const { stripeCustomerId } = await opened.payingCustomer();
    const claimed = stripeCustomer('cus_other', { metadata: { billingos_customer: opened.customer.id } });
    await opened.webhooks.tellAll(eventOf('customer.created', claimed, { created: opened.server.now() }));
    expect(await storedId(opened.customer)).toBe(stripeCustomerId);

    const ofRival = await opened.newCustomer('eve', opened.harness.rival);
    const stolen = stripeCustomer('cus_stolen', { metadata: { billingos_customer: ofRival.id } });
    await opened.webhooks.tellAll(eventOf('customer.created', stolen, { created: opened.server.now() }));
    expect(await storedId(ofRival)).toBeNull();
  });
});

describe('the page to change how one pays', () => {
  test('is also there for who never paid', async () => {
    const url = await opened.payments.openPortal(opened.owner, opened.customer, 'https://shop.example/account');
    expect(URL.canParse(url)).toBe(true);
    expect(asked('/v1/billing_portal/sessions')).toMatchObject([
      { form: { customer: await storedId(opened.customer), return_url: 'https://shop.example/account' } },
    ]);
  });

  test('that has no settings at Stripe is not configured', async () => {
    opened.server.removePortal();
    const page = opened.payments.openPortal(opened.owner, opened.customer, 'https://shop.example/account');
    await expect(page).rejects.toMatchObject({
      code: 'PAYMENTS_NOT_CONFIGURED',
      message: 'The customer portal has no settings: save them once in Stripe’s dashboard.',
    });
  });
});

describe('a change of plan', () => {
  test('in a trial costs nothing until it ends', async () => {
    const trialEnd = opened.server.now() + 86_400;
    const trial = { status: 'trialing', trial_end: trialEnd };
    const running = await opened.subscribe(await opened.payingCustomer(), 'basic', trial);
    expect(await opened.payments.previewChange(opened.owner, running, to('pro'))).toEqual({
      currency: 'eur',
      amountDueNow: 0,
      lines: [],
      recurringAmount: 3_000,
      nextInvoiceAt: new Date(Math.max(trialEnd * 1_000, running.currentPeriodEnd?.getTime() ?? 0)),
    });
  });

  test('to what it is already costs nothing', async () => {
    const running = await opened.subscribe(await opened.payingCustomer(), 'basic');
    expect(await opened.payments.previewChange(opened.owner, running, to('basic'))).toEqual({
      currency: 'eur',
      amountDueNow: 0,
      lines: [],
      recurringAmount: 1_000,
      nextInvoiceAt: running.currentPeriodEnd,
    });
  });

  test('uses up first what the customer has to its credit', async () => {
    const customer = await opened.payingCustomer();
    const running = await opened.subscribe(customer, 'pro');
    await changeTo(running, 'basic');
    const { amountDueNow } = await opened.payments.previewChange(opened.owner, running, to('pro', 2));
    await opened.payments.changePlan(opened.owner, running, to('pro', 2));
    const { items } = await opened.payments.invoices(opened.owner, customer, everything);
    expect(items[0]).toMatchObject({ amountPaid: amountDueNow });
    expect(items[0]?.total).toBeGreaterThan(amountDueNow);
  });

  test('is here before it is answered, by Stripe’s time', async () => {
    const running = await opened.subscribe(await opened.payingCustomer(), 'basic');
    await changeTo(running, 'pro');
    const { rows } = await opened.db.execute(
      sql`select newest_at_seconds::integer as at from stripe_events where object_id = ${running.id}`,
    );
    expect(rows).toEqual([{ at: opened.server.now() }]);
  });

  test('is not undone by what Stripe told before it and comes later', async () => {
    const running = await opened.subscribe(await opened.payingCustomer(), 'basic');
    const before = structuredClone(opened.server.subscriptions.get(running.id) ?? {});
    await changeTo(running, 'pro');
    const late = eventOf('customer.subscription.updated', before, { created: opened.server.now() - 1 });
    await opened.webhooks.tellAll(late);
    expect((await opened.readSubscription(opened.customer.id)).items).toMatchObject([{ price: { key: 'pro' } }]);
  });

  test('undoes nothing that Stripe told meanwhile, and is followed by what it tells then', async () => {
    const running = await opened.subscribe(await opened.payingCustomer(), 'basic');
    const atStripe = opened.server.subscriptions.get(running.id) ?? {};
    const event = { created: opened.server.now() + 1 };
    await opened.webhooks.tellAll(eventOf('customer.subscription.updated', { ...atStripe, status: 'past_due' }, event));
    await changeTo(running, 'pro');
    expect(await opened.readSubscription(opened.customer.id)).toMatchObject({ status: 'past_due' });

    const later = eventOf('customer.subscription.updated', atStripe, { created: opened.server.now() + 2 });
    await opened.webhooks.tellAll(later);
    expect(await opened.readSubscription(opened.customer.id)).toMatchObject({
      status: 'active',
      items: [{ price: { key: 'pro' } }],
    });
  });

  test('without a way to pay has failed, and says so', async () => {
    const customer = await opened.payingCustomer();
    const running = await opened.subscribe(customer, 'basic');
    opened.server.removeCards();
    await expect(changeTo(running, 'pro')).rejects.toMatchObject({
      code: 'PAYMENT_FAILED',
      message: 'There is no way to pay. Add one first.',
    });
  });

  test('that was declined says why, without an id', async () => {
    const running = await opened.subscribe(await opened.payingCustomer(), 'basic');
    opened.server.declineNext();
    await expect(changeTo(running, 'pro')).rejects.toMatchObject({
      code: 'PAYMENT_FAILED',
      message: 'The payment was declined: there is not enough money. Pay another way.',
    });
    expect(opened.logLines.join('')).not.toContain('ch_secret1');
  });

  test('of several parts is a conflict', async () => {
    const running = await opened.subscribe(await opened.payingCustomer(), 'basic');
    const atStripe = opened.server.subscriptions.get(running.id);
    const [item] = atStripe?.items.data ?? [];
    if (item) atStripe?.items.data.push({ ...item, id: 'si_more' });
    await expect(changeTo(running, 'pro')).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('of what is not at Stripe is a conflict', async () => {
    const running = await opened.subscribe(await opened.payingCustomer(), 'basic');
    const simulated = { ...running, stripeSubscriptionId: null };
    await expect(changeTo(simulated, 'pro')).rejects.toMatchObject({ code: 'CONFLICT' });
    opened.server.subscriptions.clear();
    await expect(changeTo(running, 'pro')).rejects.toMatchObject({
      code: 'CONFLICT',
      message: 'Stripe has no such subscription any more.',
    });
  });

  test('is made once when the connection broke off after Stripe had made it', async () => {
    const customer = await opened.payingCustomer();
    const running = await opened.subscribe(customer, 'basic');
    // The first request only reads.
    opened.server.failAfter(1, { kind: 'cutAfter' });
    await changeTo(running, 'pro');
    expect((await opened.payments.invoices(opened.owner, customer, everything)).items).toHaveLength(2);
    expect((await opened.readSubscription(customer.id)).items).toMatchObject([{ price: { key: 'pro' } }]);
  });
});

describe('a subscription that is not paid', () => {
  test('keeps its plan: what was not paid is not given back', async () => {
    const customer = await opened.payingCustomer();
    const running = await opened.subscribe(customer, 'pro');
    const atStripe = opened.server.subscriptions.get(running.id);
    if (atStripe) atStripe.status = 'past_due';
    await expect(changeTo(running, 'basic')).rejects.toMatchObject({ code: 'PAYMENT_FAILED' });
    expect(atStripe?.items.data).toMatchObject([{ price: { id: opened.price('pro').stripePriceId } }]);
  });
});

describe('a cancellation', () => {
  test.each(['now', 'periodEnd'] as const)('%s of what was canceled at Stripe is done, and is here', async (at) => {
    const customer = await opened.payingCustomer();
    const running = await opened.subscribe(customer, 'basic');
    const atStripe = opened.server.subscriptions.get(running.id);
    if (atStripe) atStripe.status = 'canceled';
    await opened.payments.cancel(opened.owner, running, at);
    expect(await opened.readSubscription(customer.id)).toMatchObject({ status: 'canceled' });
  });

  test('that is asked for twice at once is done', async () => {
    const customer = await opened.payingCustomer();
    const running = await opened.subscribe(customer, 'basic');
    await Promise.all([1, 2, 3].map(() => opened.payments.cancel(opened.owner, running, 'now')));
    expect(await opened.readSubscription(customer.id)).toMatchObject({ status: 'canceled' });
  });

  test('is not undone by a change of the same second', async () => {
    const customer = await opened.payingCustomer();
    const running = await opened.subscribe(customer, 'basic');
    const before = structuredClone(opened.server.subscriptions.get(running.id) ?? {});
    await opened.payments.cancel(opened.owner, running, 'now');
    const late = eventOf('customer.subscription.updated', before, { created: opened.server.now() });
    await opened.webhooks.tellAll(late);
    expect(await opened.readSubscription(customer.id)).toMatchObject({ status: 'canceled' });
  });
});

describe('what is shown', () => {
  test('of who is not at Stripe is nothing, and Stripe is not asked', async () => {
    const none = await opened.payments.invoices(opened.owner, opened.customer, everything);
    expect(none).toEqual({ items: [], hasNextPage: false });
    expect(await opened.payments.paymentMethods(opened.owner, opened.customer)).toEqual([]);
    expect(opened.server.requests).toEqual([]);
  });

  test('of a customer are its own invoices', async () => {
    const customer = await opened.payingCustomer();
    await opened.subscribe(customer, 'basic');
    const other = opened.server.createCustomer();
    opened.server.subscribe(other.id, ledgerPrice('pro'));
    const { items } = await opened.payments.invoices(opened.owner, customer, everything);
    expect(items).toEqual([
      {
        id: expect.stringMatching(/^in_/),
        number: expect.stringMatching(/^A-/),
        status: 'paid',
        currency: 'eur',
        total: 1_000,
        amountDue: 1_000,
        amountPaid: 1_000,
        lines: [{ description: '1 × prod_1', amount: 1_000 }],
        url: expect.stringMatching(/^https:/),
        createdAt: expect.any(Date),
      },
    ]);
  });

  test('of an invoice are all lines', async () => {
    const customer = await opened.payingCustomer();
    const atStripe = opened.server.customers.get(customer.stripeCustomerId ?? '');
    const line = (amount: number) => ({ description: `Line ${amount}`, amount, period: { start: 0, end: 0 } });
    if (atStripe)
      opened.server.charge(
        atStripe,
        Array.from({ length: 25 }, (_, index) => line(index)),
      );
    const { items } = await opened.payments.invoices(opened.owner, customer, everything);
    expect(items[0]?.lines.map(({ amount }) => amount)).toEqual(Array.from({ length: 25 }, (_, index) => index));
  });

  test('after a cursor that is none is refused', async () => {
    const customer = await opened.payingCustomer();
    const page = opened.payments.invoices(opened.owner, customer, { first: 1, after: 'in_unknown' });
    await expect(page).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });

  test('is which way to pay the renewals use: the subscription’s own, else the customer’s', async () => {
    const customer = await opened.payingCustomer();
    const stripeId = customer.stripeCustomerId ?? '';
    const sepa = { country: 'DE', last4: '3000', fingerprint: 'secret' };
    const own = opened.server.addCard(stripeId, { type: 'sepa_debit', sepa_debit: sepa });
    const defaults = async () => {
      const methods = await opened.payments.paymentMethods(opened.owner, customer);
      return methods.filter(({ isDefault }) => isDefault).map(({ id }) => id);
    };
    expect(await defaults()).toEqual([]);
    const atStripe = opened.server.customers.get(stripeId);
    if (atStripe) atStripe.invoice_settings.default_payment_method = own;
    expect(await defaults()).toEqual([own]);
    const subscription = opened.server.subscribe(stripeId, ledgerPrice('basic'));
    expect(await defaults()).toEqual([subscription.default_payment_method]);

    expect(await opened.payments.paymentMethods(opened.owner, customer)).toContainEqual({
      id: own,
      type: 'sepa_debit',
      brand: null,
      lastFour: '3000',
      expiryMonth: null,
      expiryYear: null,
      isDefault: false,
    });
  });
});

describe('when it does not work', () => {
  const connect = (secretKey: string) => opened.harness.rules.stripeAccounts.connect(opened.owner, { secretKey });
  const refusalOf = async (promise: Promise<unknown>) => {
    const error: unknown = await promise.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    return error as { code: string; message: string; extensions: Record<string, unknown> };
  };
  const portal = async () => {
    const customer = await opened.payingCustomer();
    return refusalOf(opened.payments.openPortal(opened.owner, customer, 'https://shop.example'));
  };

  test.each([
    ['that Stripe does not know', 'sk_test_51TheWholeKeyIsSecret9999', 'does not know the key'],
    ['of live', testKey.replace('test', 'live'), 'no Stripe key for test'],
    ['that is none', 'pk_test_51TheWholeKeyIsSecret0001', 'no Stripe key for test'],
    ['that may not do it', restrictedKey, 'lacks a permission: Customer portal: write'],
  ])('a key %s is not configured, and not shown', async (_which, key, message) => {
    await connect(key);
    const refusal = await portal();
    expect(refusal).toMatchObject({ code: 'PAYMENTS_NOT_CONFIGURED', message: expect.stringContaining(message) });
    expect(refusal.message + opened.logLines.join('')).not.toMatch(/51The|\*\*\*\*|_test_/);
  });

  test('a merchant without an account is not configured', async () => {
    await opened.harness.rules.stripeAccounts.disconnect(opened.owner);
    expect(await portal()).toMatchObject({ code: 'PAYMENTS_NOT_CONFIGURED' });
  });

  test('a merchant’s account is not asked for another one’s customers', async () => {
    const rival = ownerOf(opened.harness.rival);
    const customer = await opened.payingCustomer();
    const page = opened.payments.openPortal(rival, customer, 'https://shop.example');
    await expect(page).rejects.toMatchObject({ code: 'PAYMENTS_NOT_CONFIGURED' });
    expect(opened.server.requests).toEqual([]);
  });

  test.each([
    ['too many requests', { kind: 'tooManyRequests', retryAfterSeconds: 7 }, 7],
    ['too many requests that name no time', { kind: 'tooManyRequests' }, 5],
    ['an answer that is not Stripe’s', { kind: 'html' }, 5],
    ['a failure of Stripe’s', { kind: 'broken' }, 5],
    ['half an answer', { kind: 'cut' }, 5],
  ] as const)('%s is a reason to try again later', async (_what, fault, retryAfterSeconds) => {
    opened.server.fail(fault, fault);
    expect(await portal()).toMatchObject({
      code: 'UNAVAILABLE',
      message: 'Stripe does not answer. Try again later.',
      extensions: { retryAfterSeconds },
    });
  });

  test('no answer at all is a reason to try again later', async () => {
    const customer = await opened.payingCustomer();
    const unreachable = opened.paymentsAt('http://127.0.0.1:1');
    expect(await refusalOf(unreachable.invoices(opened.owner, customer, everything))).toMatchObject({
      code: 'UNAVAILABLE',
    });
  });

  test('what Stripe says stays with Stripe: no id, no key, no address in an answer or the log', async () => {
    const customer = { ...opened.customer, stripeCustomerId: 'cus_deleted' };
    const refusal = await refusalOf(open(customer));
    expect(refusal).toMatchObject({ code: 'CONFLICT', message: 'Stripe has no such customer any more.' });
    expect(opened.logLines.join('')).toContain('resource_missing');
    expect(opened.logLines.join('')).not.toMatch(/cus_deleted|51The|example\.com/);
  });
});
