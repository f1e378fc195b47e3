import { Writable } from 'node:stream';
import { and, eq } from 'drizzle-orm';
import type { CustomerId } from '../../schema/id.ts';
import { checkouts, prices, products, subscriptions } from '../../server/database/tables.ts';
import { newId } from '../../server/id.ts';
import { createLogger } from '../../server/log.ts';
import type {
  OpenCheckout,
  PayingCustomer,
  PriceForSale,
  RunningSubscription,
} from '../../server/payments/payments.ts';
import { createStripePayments } from '../../server/payments/stripe.ts';
import { createHarness, type TestMerchant } from './harness.ts';
import { ownerOf } from './import.ts';
import { type ContractPrice, contractPrices } from './payments-contract.ts';
import type { LedgerPrice, LedgerSubscription } from './stripe-ledger.ts';
import { createStripePaymentsServer } from './stripe-payments-server.ts';
import { connectStripe, eventOf } from './stripe-webhook.ts';

export const testKey = 'sk_test_51TheWholeKeyIsSecret0001';
export const restrictedKey = 'rk_test_51TheWholeKeyIsSecret0002';

export const ledgerPrice = (key: ContractPrice): LedgerPrice => {
  const { unitAmount, interval } = contractPrices[key];
  const recurring = interval === null ? null : { interval, interval_count: 1 };
  return {
    id: `price_${key}`,
    object: 'price',
    product: 'prod_1',
    currency: 'eur',
    unit_amount: +unitAmount,
    recurring,
  };
};

const keys = Object.keys(contractPrices) as ContractPrice[];

/** Payments by Stripe with everything around them: the service, its database, and a Stripe that tells it of what happens. */
export async function openStripePayments() {
  const harness = await createHarness();
  const { db } = harness.database;
  const server = await createStripePaymentsServer({
    keys: { [testKey]: 'all', [restrictedKey]: [] },
    prices: keys.map(ledgerPrice),
  });
  const owner = ownerOf(harness.merchant);
  const webhooks = await connectStripe(harness);
  await harness.rules.stripeAccounts.connect(owner, { secretKey: testKey });
  await db
    .insert(products)
    .values({ ...owner, key: 'product', stripeProductId: 'prod_1', name: 'Product', isActive: true });
  await db.insert(prices).values(
    keys.map((key) => {
      const { unitAmount, interval } = contractPrices[key];
      const recurring = { interval, intervalCount: interval && 1 };
      const price = { ...owner, key, stripePriceId: `price_${key}`, productKey: 'product' };
      return { ...price, ...recurring, currency: 'eur', unitAmount, isActive: true };
    }),
  );

  const logLines: string[] = [];
  const destination = new Writable({ write: (line, _encoding, done) => (logLines.push(String(line)), done()) });
  const paymentsAt = (apiBase: string) =>
    createStripePayments({
      database: harness.database,
      accounts: harness.rules.stripeAccounts,
      clock: harness.clock,
      logger: createLogger({ level: 'trace', destination }),
      apiBase,
    });
  const payments = paymentsAt(server.apiBase);

  /** A customer of the merchant's, as a session makes one. */
  async function newCustomer(
    externalUserId: string,
    merchant: TestMerchant = harness.merchant,
  ): Promise<PayingCustomer> {
    const details = { email: `${externalUserId}@example.com`, name: `Name of ${externalUserId}` };
    const identity = { kind: 'user', externalUserId } as const;
    return harness.rules.customers.create({ kind: 'merchant', ...ownerOf(merchant) }, identity, details);
  }

  const price = (key: ContractPrice): PriceForSale => {
    const { unitAmount, interval } = contractPrices[key];
    return {
      key,
      stripePriceId: `price_${key}`,
      productKey: 'product',
      productName: 'Product',
      currency: 'eur',
      unitAmount,
      recurring: interval && { interval, intervalCount: 1 },
      tiersMode: null,
      tiers: [],
      isActive: true,
      isVisible: true,
    };
  };

  async function newCheckout(customer: PayingCustomer, key: ContractPrice): Promise<OpenCheckout> {
    const nowMs = harness.clock.now();
    const urls = { successUrl: 'https://shop.example/paid', cancelUrl: 'https://shop.example/back' };
    const id = newId('chk', nowMs);
    const times = { createdAt: new Date(nowMs), expiresAt: new Date(nowMs + 3_600_000) };
    const chosen = { customerId: customer.id, priceKey: key, quantity: 1 };
    await db.insert(checkouts).values({ ...owner, id, ...chosen, ...urls, ...times, status: 'open' });
    return { id, customer, price: price(key), quantity: 1, ...urls, expiresAt: times.expiresAt };
  }

  /** The newest subscription of a customer, as the table has it. */
  async function readSubscription(customerId: CustomerId): Promise<RunningSubscription> {
    const [row] = await db
      .select()
      .from(subscriptions)
      .where(and(eq(subscriptions.merchantId, owner.merchantId), eq(subscriptions.customerId, customerId)));
    if (!row) throw new Error('there is no subscription');
    const { id, stripeSubscriptionId, status, currentPeriodStart, currentPeriodEnd, cancelAtPeriodEnd } = row;
    const items = row.items.map(({ stripePriceId, quantity }) => {
      const key = keys.find((one) => `price_${one}` === stripePriceId);
      return { price: key ? price(key) : null, quantity: quantity ?? 1 };
    });
    const period = { currentPeriodStart, currentPeriodEnd };
    return { id, stripeSubscriptionId, customerId, status, items, ...period, cancelAtPeriodEnd };
  }

  /** Lets the customer have a subscription at Stripe, which tells of it. */
  async function subscribe(customer: PayingCustomer, key: ContractPrice, more: Partial<LedgerSubscription> = {}) {
    const subscription = server.subscribe(customer.stripeCustomerId ?? '', ledgerPrice(key), more);
    await webhooks.tellAll(eventOf('customer.subscription.created', subscription, { created: server.now() - 60 }));
    return readSubscription(customer.id);
  }

  const customer = await newCustomer('ada');
  /** The same with a customer at Stripe. */
  async function payingCustomer(): Promise<PayingCustomer> {
    const { id: stripeCustomerId } = server.createCustomer(customer.email);
    await db.execute(`update customers set stripe_customer_id = '${stripeCustomerId}' where id = '${customer.id}'`);
    return { ...customer, stripeCustomerId };
  }

  return {
    harness,
    db,
    server,
    webhooks,
    owner,
    payments,
    paymentsAt,
    logLines,
    customer,
    newCustomer,
    payingCustomer,
    price,
    newCheckout,
    subscribe,
    readSubscription,
    close: async () => {
      server.close();
      await harness.stop();
    },
  };
}

export type OpenedStripePayments = Awaited<ReturnType<typeof openStripePayments>>;
