import { and, eq } from 'drizzle-orm';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { checkouts, purchases } from '../../server/database/tables.ts';
import type { OpenCheckout } from '../../server/payments/payments.ts';
import type { StripeObject } from '../support/stripe-account.ts';
import { type OpenedStripePayments, openStripePayments } from '../support/stripe-payments.ts';
import { connectStripe, eventOf } from '../support/stripe-webhook.ts';

let opened: OpenedStripePayments;
beforeEach(async () => {
  opened = await openStripePayments();
  onTestFinished(opened.close);
});

const statusOf = async ({ id }: OpenCheckout) =>
  (await opened.db.select().from(checkouts).where(eq(checkouts.id, id)))[0]?.status;
const bought = () =>
  opened.db
    .select()
    .from(purchases)
    .where(and(eq(purchases.merchantId, opened.owner.merchantId), eq(purchases.environment, 'test')));

/** A checkout whose page is open at Stripe, and the page as Stripe has it. */
async function openPage(key: 'basic' | 'once') {
  const checkout = await opened.newCheckout(await opened.payingCustomer(), key);
  const { stripeSessionId } = await opened.payments.openCheckout(opened.owner, checkout);
  return { checkout, session: opened.server.sessions.get(stripeSessionId ?? '') ?? {} };
}

const completed = (session: StripeObject, payment_status = 'paid', created = 1_800_000_000) =>
  eventOf('checkout.session.completed', { ...session, status: 'complete', payment_status }, { created });
const paidLater = (session: StripeObject) =>
  eventOf(
    'checkout.session.async_payment_succeeded',
    { ...session, status: 'complete', payment_status: 'paid' },
    { created: 1_800_000_100 },
  );

test('what is paid once is bought when Stripe says so, before anybody comes back', async () => {
  const { checkout, session } = await openPage('once');
  await opened.webhooks.tellAll(completed(session));
  expect(await statusOf(checkout)).toBe('complete');
  expect(await bought()).toEqual([
    {
      ...opened.owner,
      id: checkout.id,
      customerId: checkout.customer.id,
      priceKey: 'once',
      quantity: 1,
      createdAt: new Date(1_800_000_000_000),
    },
  ]);
});

test('what is told twice, or twenty times at once, is bought once', async () => {
  const { session } = await openPage('once');
  const event = completed(session);
  const statuses = await Promise.all(Array.from({ length: 20 }, () => opened.webhooks.tell(event)));
  expect(new Set(statuses)).toEqual(new Set([200]));
  await opened.webhooks.tellAll(event, completed(session));
  expect(await bought()).toHaveLength(1);
});

test('what is paid later is bought when it is paid', async () => {
  const { checkout, session } = await openPage('once');
  await opened.webhooks.tellAll(completed(session, 'unpaid'));
  expect(await statusOf(checkout)).toBe('complete');
  expect(await bought()).toEqual([]);
  await opened.webhooks.tellAll(paidLater(session));
  expect(await bought()).toHaveLength(1);
});

test('what is paid later is bought also when that is told first', async () => {
  const { checkout, session } = await openPage('once');
  await opened.webhooks.tellAll(paidLater(session), completed(session, 'unpaid'));
  expect(await bought()).toHaveLength(1);
  expect(await statusOf(checkout)).toBe('complete');
});

test('what costs nothing is bought', async () => {
  const { session } = await openPage('once');
  await opened.webhooks.tellAll(completed(session, 'no_payment_required'));
  expect(await bought()).toHaveLength(1);
});

test('what is subscribed to is complete, and no purchase', async () => {
  const { checkout, session } = await openPage('basic');
  await opened.webhooks.tellAll(completed(session));
  expect(await statusOf(checkout)).toBe('complete');
  expect(await bought()).toEqual([]);
});

test('a page that expires is expired, and buys nothing', async () => {
  const { checkout, session } = await openPage('once');
  await opened.webhooks.tellAll(eventOf('checkout.session.expired', { ...session, status: 'expired' }));
  expect(await statusOf(checkout)).toBe('expired');
  expect(await bought()).toEqual([]);
});

test('a page that is closed cannot be paid any more, and one that was paid says so', async () => {
  const { payments, owner, server } = opened;
  const open = await openPage('basic');
  const stripeSessionId = String(open.session['id']);
  expect(await payments.closeCheckout(owner, { stripeSessionId })).toBe('closed');
  expect(server.sessions.get(stripeSessionId)).toMatchObject({ status: 'expired' });
  expect(await payments.closeCheckout(owner, { stripeSessionId })).toBe('closed');

  const paid = await openPage('basic');
  const paidId = String(paid.session['id']);
  server.sessions.set(paidId, { ...paid.session, status: 'complete' });
  expect(await payments.closeCheckout(owner, { stripeSessionId: paidId })).toBe('paid');
});

test('a page whose session is not stored here yet counts, and one of another session does not', async () => {
  const { checkout, session } = await openPage('once');
  await opened.db.update(checkouts).set({ stripeSessionId: 'cs_other' }).where(eq(checkouts.id, checkout.id));
  await opened.webhooks.tellAll(completed(session));
  expect(await statusOf(checkout)).toBe('open');
  expect(await bought()).toEqual([]);
});

test('a name that a customer can choose buys nothing', async () => {
  const { checkout, session } = await openPage('once');
  const cheap = { ...session, id: 'cs_test_of_a_payment_link', metadata: {} };
  expect(cheap).toMatchObject({ client_reference_id: checkout.id });
  await opened.webhooks.tellAll(completed(cheap));
  expect(await statusOf(checkout)).toBe('open');
  expect(await bought()).toEqual([]);
});

test('a page of the merchant’s own, and one of somebody else, change nothing', async () => {
  const { checkout, session } = await openPage('once');
  const own = { ...session, id: 'cs_test_own', metadata: { billingos_checkout: 'chk_unknown' } };
  await opened.webhooks.tellAll(completed(own));
  const atRival = await connectStripe(opened.harness, opened.harness.rival);
  await atRival.tellAll(completed(session));
  expect(await statusOf(checkout)).toBe('open');
  expect(await opened.db.select().from(purchases)).toEqual([]);
});

test('a page that cannot be read is accepted and logged', async () => {
  const { checkout, session } = await openPage('once');
  await opened.webhooks.tellAll(completed({ ...session, mode: 'barter' }));
  expect(await statusOf(checkout)).toBe('open');
  expect(opened.harness.logLines.find((line) => line.includes('cannot be used'))).toBeDefined();
});
