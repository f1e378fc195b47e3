import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Owner } from '../../schema/context.ts';
import type {
  OpenCheckout,
  PayingCustomer,
  Payments,
  PriceForSale,
  RunningSubscription,
} from '../../server/payments/payments.ts';

/** What must be for sale: `basic` and `pro` each month, `year` each year, `once` a single time. All in one currency. */
export const contractPrices = {
  basic: { unitAmount: '1000', interval: 'month' },
  pro: { unitAmount: '3000', interval: 'month' },
  year: { unitAmount: '30000', interval: 'year' },
  once: { unitAmount: '5000', interval: null },
} as const;

export type ContractPrice = keyof typeof contractPrices;

/** Someone who takes money, and one customer who has a way to pay, ends in 4242, and no subscription. */
export interface OpenedPayments {
  readonly payments: Payments;
  readonly owner: Owner;
  readonly customer: PayingCustomer;
  price(key: ContractPrice): PriceForSale;
  /** A checkout that is written down in the table of checkouts. */
  checkout(key: ContractPrice): Promise<OpenCheckout>;
  /** The customer has now paid the first period of one of these, and has it. Its time does not move by itself. */
  subscribe(key: ContractPrice): Promise<RunningSubscription>;
  /** The customer's subscription as the table of subscriptions has it, ended or not. */
  read(): Promise<RunningSubscription>;
  /** What the customer is to pay next, it cannot pay; what comes after that, it can. */
  failNextPayment(): Promise<void>;
  close(): Promise<void>;
}

const everything = { first: 100, after: undefined };

/** What whoever takes money promises. Each test has one of its own. */
export function describePayments(name: string, open: () => Promise<OpenedPayments>): void {
  describe(name, () => {
    let opened: OpenedPayments;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => opened.close());

    const to = (key: ContractPrice, quantity = 1) => ({ price: opened.price(key), quantity });
    const changeTo = (running: RunningSubscription, key: ContractPrice, quantity?: number) =>
      opened.payments.changePlan(opened.owner, running, to(key, quantity));
    const preview = (running: RunningSubscription, key: ContractPrice, quantity?: number) =>
      opened.payments.previewChange(opened.owner, running, to(key, quantity));
    const cancel = (running: RunningSubscription, at: 'periodEnd' | 'now') =>
      opened.payments.cancel(opened.owner, running, at);
    const resume = (running: RunningSubscription) => opened.payments.resume(opened.owner, running);
    const invoices = async () => (await opened.payments.invoices(opened.owner, opened.customer, everything)).items;
    const choiceOf = ({ items }: RunningSubscription) => items.map(({ price, quantity }) => [price?.key, quantity]);

    describe('a checkout', () => {
      test.each(['basic', 'once'] as const)('of %s that is opened twice has one page', async (key) => {
        const checkout = await opened.checkout(key);
        const first = await opened.payments.openCheckout(opened.owner, checkout);
        expect(URL.canParse(first.url)).toBe(true);
        expect(await opened.payments.openCheckout(opened.owner, checkout)).toEqual(first);
      });

      test('that is opened twice at once has one page', async () => {
        const checkout = await opened.checkout('pro');
        const pages = await Promise.all([1, 2, 3].map(() => opened.payments.openCheckout(opened.owner, checkout)));
        expect(new Set(pages.map(({ url }) => url)).size).toBe(1);
      });

      test('has a page of its own', async () => {
        const [one, other] = [await opened.checkout('pro'), await opened.checkout('pro')];
        const { url } = await opened.payments.openCheckout(opened.owner, one);
        expect((await opened.payments.openCheckout(opened.owner, other)).url).not.toBe(url);
      });
    });

    describe('a change of plan', () => {
      test('costs what its preview said', async () => {
        const running = await opened.subscribe('basic');
        const { amountDueNow, lines, currency } = await preview(running, 'pro');
        expect(amountDueNow).toBeGreaterThan(0);
        expect(lines.reduce((sum, { amount }) => sum + amount, 0)).toBe(amountDueNow);

        await changeTo(running, 'pro');
        const [newest] = await invoices();
        expect(newest).toMatchObject({ currency, status: 'paid', total: amountDueNow, amountPaid: amountDueNow });
        expect(newest?.lines.map(({ amount }) => amount)).toEqual(lines.map(({ amount }) => amount));
      });

      test('costs from then on the price, as often as it is taken', async () => {
        const running = await opened.subscribe('basic');
        expect(await preview(running, 'pro', 3)).toMatchObject({
          recurringAmount: 9_000,
          nextInvoiceAt: running.currentPeriodEnd,
        });
      });

      test('to another interval begins a new period', async () => {
        const running = await opened.subscribe('basic');
        const { nextInvoiceAt, recurringAmount } = await preview(running, 'year');
        expect(recurringAmount).toBe(30_000);
        expect(nextInvoiceAt?.getTime()).toBeGreaterThan(running.currentPeriodEnd?.getTime() ?? Infinity);

        await changeTo(running, 'year');
        expect((await opened.read()).currentPeriodEnd).toEqual(nextInvoiceAt);
      });

      test('to less costs nothing at once', async () => {
        const running = await opened.subscribe('pro');
        expect((await preview(running, 'basic')).amountDueNow).toBeLessThan(0);
        await changeTo(running, 'basic');
        expect(choiceOf(await opened.read())).toEqual([['basic', 1]]);
        expect((await invoices()).reduce((sum, { amountPaid }) => sum + amountPaid, 0)).toBe(3_000);
      });

      test('is not made by a preview', async () => {
        const running = await opened.subscribe('basic');
        const before = [await opened.read(), await invoices()];
        await preview(running, 'pro');
        expect([await opened.read(), await invoices()]).toEqual(before);
      });

      test('is read afterwards', async () => {
        const running = await opened.subscribe('basic');
        await changeTo(running, 'pro', 2);
        const after = await opened.read();
        expect(choiceOf(after)).toEqual([['pro', 2]]);
        expect(after).toMatchObject({ id: running.id, status: 'active', cancelAtPeriodEnd: false });
      });

      test('to what it is already changes nothing', async () => {
        const running = await opened.subscribe('basic');
        const before = [await opened.read(), await invoices()];
        await changeTo(running, 'basic');
        expect([await opened.read(), await invoices()]).toEqual(before);
      });

      test('is paid once, however often it is asked for', async () => {
        const running = await opened.subscribe('basic');
        await Promise.all([changeTo(running, 'pro'), changeTo(running, 'pro')]);
        await changeTo(running, 'pro');
        expect(await invoices()).toHaveLength(2);
        expect(choiceOf(await opened.read())).toEqual([['pro', 1]]);
      });

      test('there and back and there again is made three times', async () => {
        const running = await opened.subscribe('basic');
        for (const key of ['pro', 'basic', 'pro'] as const) {
          await changeTo(await opened.read(), key);
          expect(choiceOf(await opened.read())).toEqual([[key, 1]]);
        }
        expect((await opened.read()).id).toBe(running.id);
      });

      test('that cannot be paid leaves everything as it was, and can be made later', async () => {
        const running = await opened.subscribe('basic');
        const before = [await opened.read(), await invoices()];
        await opened.failNextPayment();
        await expect(changeTo(running, 'pro')).rejects.toMatchObject({ code: 'PAYMENT_FAILED' });
        expect([await opened.read(), await invoices()]).toEqual(before);

        await changeTo(running, 'pro');
        expect(choiceOf(await opened.read())).toEqual([['pro', 1]]);
      });

      test('of what has ended is a conflict', async () => {
        const running = await opened.subscribe('basic');
        await cancel(running, 'now');
        await expect(changeTo(running, 'pro')).rejects.toMatchObject({ code: 'CONFLICT' });
        await expect(preview(running, 'pro')).rejects.toMatchObject({ code: 'CONFLICT' });
      });
    });

    describe('a cancellation', () => {
      test('with the period lets it run until then, and is the same the second time', async () => {
        const running = await opened.subscribe('basic');
        await cancel(running, 'periodEnd');
        const after = await opened.read();
        expect(after).toMatchObject({ status: 'active', cancelAtPeriodEnd: true });
        expect(after.currentPeriodEnd).toEqual(running.currentPeriodEnd);

        await cancel(running, 'periodEnd');
        expect(await opened.read()).toEqual(after);
      });

      test('now ends it, and is the same the second time', async () => {
        const running = await opened.subscribe('basic');
        await cancel(running, 'now');
        const after = await opened.read();
        expect(after.status).toBe('canceled');

        await cancel(running, 'now');
        await cancel(running, 'periodEnd');
        expect(await opened.read()).toEqual(after);
      });

      test('now ends also what would end with the period', async () => {
        const running = await opened.subscribe('basic');
        await cancel(running, 'periodEnd');
        await cancel(await opened.read(), 'now');
        expect((await opened.read()).status).toBe('canceled');
      });

      test('gives nothing back', async () => {
        const running = await opened.subscribe('basic');
        const before = await invoices();
        await cancel(running, 'now');
        expect(await invoices()).toEqual(before);
      });

      test('that has not come yet is taken back, and is so the second time', async () => {
        const running = await opened.subscribe('basic');
        await cancel(running, 'periodEnd');
        await resume(await opened.read());
        const after = await opened.read();
        expect(after).toMatchObject({ status: 'active', cancelAtPeriodEnd: false });

        await resume(after);
        expect(await opened.read()).toEqual(after);
      });

      test('that has come is not taken back', async () => {
        const running = await opened.subscribe('basic');
        await cancel(running, 'now');
        const after = await opened.read();
        await expect(resume(after)).rejects.toMatchObject({ code: 'CONFLICT' });
        await expect(resume(running)).rejects.toMatchObject({ code: 'CONFLICT' });
        expect(await opened.read()).toEqual(after);
      });
    });

    describe('what is shown of a customer', () => {
      test('is nothing before it has paid', async () => {
        expect(await opened.payments.invoices(opened.owner, opened.customer, everything)).toEqual({
          items: [],
          hasNextPage: false,
        });
      });

      test('are its invoices, the newest first, page by page', async () => {
        const running = await opened.subscribe('basic');
        await changeTo(running, 'pro');
        await changeTo(running, 'pro', 2);
        const all = await invoices();
        expect(all).toHaveLength(3);
        expect(all.at(-1)).toMatchObject({ total: 1_000, status: 'paid', amountPaid: 1_000 });
        const times = all.map(({ createdAt }) => createdAt.getTime());
        expect(times).toEqual(times.toSorted((one, other) => other - one));

        const first = await opened.payments.invoices(opened.owner, opened.customer, { first: 2, after: undefined });
        expect(first).toEqual({ items: all.slice(0, 2), hasNextPage: true });
        const rest = { first: 2, after: first.items.at(-1)?.id };
        expect(await opened.payments.invoices(opened.owner, opened.customer, rest)).toEqual({
          items: all.slice(2),
          hasNextPage: false,
        });
      });

      test('are of its card no more than the last four digits', async () => {
        await opened.subscribe('basic');
        const methods = await opened.payments.paymentMethods(opened.owner, opened.customer);
        expect(methods).toEqual([
          {
            id: expect.any(String),
            type: 'card',
            brand: 'visa',
            lastFour: '4242',
            expiryMonth: expect.any(Number),
            expiryYear: expect.any(Number),
            isDefault: true,
          },
        ]);
        expect(JSON.stringify(methods)).not.toMatch(/\d{12,}/);
      });

      test('is a page of its own to change how it pays', async () => {
        const url = await opened.payments.openPortal(opened.owner, opened.customer, 'https://shop.example/account');
        expect(URL.canParse(url)).toBe(true);
      });
    });
  });
}
