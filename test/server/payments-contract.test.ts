import { afterAll, beforeAll } from 'vitest';
import type { CustomerId } from '../../schema/id.ts';
import { newId } from '../../server/id.ts';
import { createSimulator } from '../../server/payments/simulator/simulator.ts';
import { createTestClocks } from '../../server/payments/test-clock.ts';
import { checkouts } from '../../server/database/tables.ts';
import { readOffer } from '../../server/subscriptions/offer.ts';
import { readCurrent, runningOf } from '../../server/subscriptions/subscription-rows.ts';
import { cancelUrl, cards, openCustomer, successUrl } from '../support/billing.ts';
import { apply } from '../support/catalog.ts';
import { createHarness, type Harness, publicUrl } from '../support/harness.ts';
import { ownerOf } from '../support/import.ts';
import {
  type ContractPrice,
  contractPrices,
  describePayments,
  type OpenedPayments,
} from '../support/payments-contract.ts';

const catalog = {
  features: [],
  products: Object.entries(contractPrices).map(([key, { unitAmount, interval }]) => ({
    key,
    name: key,
    features: [],
    prices: [
      {
        key,
        currency: 'usd',
        unitAmountDecimal: unitAmount,
        recurring: interval === null ? null : { interval: interval.toUpperCase() },
      },
    ],
  })),
};

let nowMs = Date.now();
const clock = { now: () => nowMs, monotonic: () => performance.now(), advance: (ms: number) => void (nowMs += ms) };
let harness: Harness;
beforeAll(async () => {
  harness = await createHarness({ clock });
});
afterAll(() => harness.stop());

/** The built-in payments on a real database. Time stands, but for a moment after each change: invoices have an order. */
async function open(): Promise<OpenedPayments> {
  const { database } = harness;
  const { db } = database;
  const merchant = await harness.newMerchant('Merchant');
  await apply(harness, merchant, catalog);
  const owner = ownerOf(merchant);
  const user = await openCustomer(harness, 'ada', merchant);
  await user.useCard(cards.good);
  const customerId = user.id as CustomerId;
  const customer = { id: customerId, email: null, name: null, stripeCustomerId: null };
  const offers = new Map(
    await Promise.all(Object.keys(contractPrices).map(async (key) => [key, await readOffer(db, owner, key)] as const)),
  );
  const simulator = createSimulator({
    database,
    testClocks: createTestClocks({ database, clock }),
    issuer: `${publicUrl}/sandbox`,
    clock,
  });
  function price(key: ContractPrice) {
    const offer = offers.get(key);
    if (!offer) throw new TypeError(`There is no price ${key}.`);
    return offer;
  }

  /** The card that cannot be charged, until something has been tried with it. */
  let willFail = false;
  async function afterwards<Result>(change: Promise<Result>): Promise<Result> {
    try {
      return await change;
    } finally {
      clock.advance(1);
      if (willFail) await user.useCard(cards.good);
      willFail = false;
    }
  }

  async function read() {
    const [current] = await readCurrent(db, owner, [customerId]);
    if (!current) throw new TypeError('The customer has no subscription.');
    return runningOf(current);
  }

  return {
    owner,
    customer,
    payments: { ...simulator, changePlan: (...change) => afterwards(simulator.changePlan(...change)) },
    price,
    async checkout(key) {
      const written = {
        id: newId('chk', nowMs),
        quantity: 1,
        successUrl,
        cancelUrl,
        expiresAt: new Date(nowMs + 86_400_000),
      };
      await db
        .insert(checkouts)
        .values({ ...owner, ...written, customerId, priceKey: key, status: 'open', createdAt: new Date(nowMs) });
      return { ...written, customer, price: price(key) };
    },
    async subscribe(key) {
      await user.buy(key);
      clock.advance(1);
      return read();
    },
    read,
    async failNextPayment() {
      await user.useCard(cards.failsLater);
      willFail = true;
    },
    close: async () => undefined,
  };
}

describePayments('the built-in payments', open);
