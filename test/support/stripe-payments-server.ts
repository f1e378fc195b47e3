import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as textOfStream } from 'node:stream/consumers';
import type { StripeObject } from './stripe-account.ts';
import { type Form, formOf, partOf, textOf } from './stripe-form.ts';
import {
  type Choice,
  dueOf,
  type LedgerLine,
  type LedgerPrice,
  type LedgerSubscription,
  periodAfter,
  periodSecondsOf,
  prorationOf,
  renewalOf,
  totalOf,
} from './stripe-ledger.ts';
import { type Answer, errorOf, fail, lacks, pageOf, send, type StripeFault } from './stripe-server.ts';

export interface StripeRequest {
  readonly method: string;
  readonly path: string;
  readonly form: Form;
  readonly idempotencyKey: string | undefined;
}

interface Customer {
  readonly id: string;
  balance: number;
  deleted?: boolean;
  invoice_settings: { default_payment_method: string | null };
  readonly [field: string]: unknown;
}

/** Also: what was asked for is done, and the connection breaks before the answer. */
type PaymentsFault = StripeFault | { readonly kind: 'cutAfter' };

interface PaymentsServerOptions {
  /** Each key, and the rights that it has. */
  readonly keys: Readonly<Record<string, 'all' | readonly string[]>>;
  readonly prices: readonly LedgerPrice[];
}

/** One request that waits before anything is done. */
interface Hold {
  readonly path: RegExp;
  /** It is here; resolves when it may go on. */
  readonly reach: () => Promise<void>;
}

const daySeconds = 86_400;

/** A real HTTP server on which customers pay, as Stripe's API has it. Its time stands still. */
export async function createStripePaymentsServer({ keys, prices }: PaymentsServerOptions) {
  let nowSeconds = Math.floor(Date.now() / 1_000);
  let made = 0;
  let isDeclining = false;
  let hasPortal = true;
  const faults: (PaymentsFault | undefined)[] = [];
  const holds: Hold[] = [];
  const requests: StripeRequest[] = [];
  const customers = new Map<string, Customer>();
  const subscriptions = new Map<string, LedgerSubscription>();
  const sessions = new Map<string, StripeObject>();
  const invoices: StripeObject[] = [];
  const methods: StripeObject[] = [];
  const answers = new Map<string, { asked: string; answer: Answer }>();
  const newId = (prefix: string) => `${prefix}_${String((made += 1)).padStart(6, '0')}`;
  const missing = (what: string, id: string | undefined, param: string): Answer => [
    400,
    { error: { type: 'invalid_request_error', code: 'resource_missing', param, message: `No such ${what}: '${id}'` } },
  ];

  /** Each path, the right that a restricted key needs, and what is done. */
  const routes: [pattern: RegExp, right: string, act: (id: string, form: Form, path: string) => Answer][] = [
    [/^POST \/v1\/customers$/, 'customer_write', (_id, form) => [200, createCustomer(form)]],
    [/^GET \/v1\/customers\/(\w+)$/, 'customer_read', (id, form) => readCustomer(id, form)],
    [/^GET \/v1\/customers\/(\w+)\/payment_methods$/, 'payment_method_read', (id) => listMethods(id)],
    [/^POST \/v1\/checkout\/sessions$/, 'checkout_session_write', (_id, form) => createSession(form)],
    [/^POST \/v1\/checkout\/sessions\/(\w+)\/expire$/, 'checkout_session_write', (id) => expireSession(id)],
    [/^GET \/v1\/checkout\/sessions\/(\w+)$/, 'checkout_session_read', (id) => readSession(id)],
    [/^POST \/v1\/billing_portal\/sessions$/, 'customer_portal_write', (_id, form) => createPortal(form)],
    [/^GET \/v1\/subscriptions\/(\w+)$/, 'subscription_read', (id) => readSubscription(id)],
    [/^POST \/v1\/subscriptions\/(\w+)$/, 'subscription_write', (id, form) => updateSubscription(id, form)],
    [/^DELETE \/v1\/subscriptions\/(\w+)$/, 'subscription_write', (id) => cancelSubscription(id)],
    [/^POST \/v1\/invoices\/create_preview$/, 'invoice_write', (_id, form) => preview(form)],
    [/^GET \/v1\/invoices$/, 'invoice_read', (_id, form) => listInvoices(form)],
    [/^GET \/v1\/invoices\/(\w+)\/lines$/, 'invoice_read', (id) => listLines(id)],
  ];

  function createCustomer(form: Form): Customer {
    const customer: Customer = {
      id: newId('cus'),
      object: 'customer',
      email: textOf(form, 'email') ?? null,
      name: textOf(form, 'name') ?? null,
      metadata: partOf(form, 'metadata'),
      balance: 0,
      created: nowSeconds,
      invoice_settings: { default_payment_method: null },
    };
    customers.set(customer.id, customer);
    return customer;
  }

  function readCustomer(id: string, form: Form): Answer {
    const customer = customers.get(id);
    if (!customer) return missing('customer', id, 'id');
    if (customer.deleted) return [200, { id, object: 'customer', deleted: true }];
    const running = [...subscriptions.values()].filter((one) => one.customer === id && one.status !== 'canceled');
    const isExpanded = partOf(form, 'expand')['0'] === 'subscriptions';
    return [200, { ...customer, ...(isExpanded && { subscriptions: { object: 'list', data: running } }) }];
  }

  const living = (id: string | undefined) => {
    const customer = customers.get(id ?? '');
    return customer?.deleted ? undefined : customer;
  };

  const listMethods = (id: string): Answer =>
    living(id)
      ? [200, { object: 'list', data: methods.filter((one) => one['customer'] === id), has_more: false }]
      : missing('customer', id, 'customer');

  function createSession(form: Form): Answer {
    const item = partOf(partOf(form, 'line_items'), '0');
    const customer = textOf(form, 'customer');
    if (!living(customer)) return missing('customer', customer, 'customer');
    const price = prices.find(({ id }) => id === item['price']);
    if (!price) return missing('price', textOf(item, 'price'), 'line_items[0][price]');
    const mode = textOf(form, 'mode');
    if ((mode === 'subscription') !== (price.recurring !== null)) return [400, errorOf('The mode is not the price’s.')];
    const id = newId('cs_test');
    const session = {
      id,
      object: 'checkout.session',
      url: `https://checkout.stripe.example/${id}`,
      mode,
      status: 'open',
      payment_status: 'unpaid',
      customer,
      client_reference_id: textOf(form, 'client_reference_id'),
      metadata: partOf(form, 'metadata'),
    };
    sessions.set(id, session);
    return [200, session];
  }

  const readSession = (id: string): Answer => {
    const session = sessions.get(id);
    return session ? [200, session] : missing('checkout.session', id, 'session');
  };

  function expireSession(id: string): Answer {
    const session = sessions.get(id);
    if (!session) return missing('checkout.session', id, 'session');
    if (session['status'] !== 'open')
      return [400, errorOf('Only Checkout Sessions with a status of open can be expired.')];
    sessions.set(id, { ...session, status: 'expired', url: null });
    return [200, sessions.get(id) ?? session];
  }

  function createPortal(form: Form): Answer {
    const customer = textOf(form, 'customer');
    if (!living(customer)) return missing('customer', customer, 'customer');
    if (!hasPortal) return [400, errorOf('No configuration provided and your default configuration was not created.')];
    return [200, { object: 'billing_portal.session', url: `https://billing.stripe.example/${newId('bps')}` }];
  }

  const readSubscription = (id: string): Answer => {
    const subscription = subscriptions.get(id);
    return subscription ? [200, subscription] : missing('subscription', id, 'id');
  };

  function choiceOf(form: Form): Choice | undefined {
    const price = prices.find(({ id }) => id === form['price']);
    return price && { price, quantity: Number(form['quantity'] ?? 1) };
  }

  /** An invoice that counts; what is left of it to be paid is paid. */
  function charge(customer: Customer, lines: readonly LedgerLine[], createdSeconds = nowSeconds): void {
    const total = totalOf(lines);
    const { amountDue, balance } = dueOf(total, customer.balance);
    customer.balance = balance;
    const id = newId('in');
    invoices.unshift({
      ...invoiceOf(customer.id, lines, amountDue),
      id,
      number: `A-${made}`,
      status: 'paid',
      amount_paid: amountDue,
      hosted_invoice_url: `https://invoice.stripe.example/${id}`,
      created: createdSeconds,
    });
  }

  const invoiceOf = (customer: string, lines: readonly LedgerLine[], amountDue: number) => ({
    object: 'invoice',
    customer,
    currency: 'eur',
    lines: { object: 'list', data: lines.slice(0, 10), has_more: lines.length > 10 },
    all_lines: lines,
    total: totalOf(lines),
    amount_due: amountDue,
    amount_paid: 0,
  });

  function updateSubscription(id: string, form: Form): Answer {
    const subscription = subscriptions.get(id);
    if (!subscription) return missing('subscription', id, 'id');
    if (subscription.status === 'canceled') return [400, errorOf('A canceled subscription can only be described.')];
    const wanted = partOf(partOf(form, 'items'), '0');
    if (wanted['price'] !== undefined) {
      const choice = choiceOf(wanted);
      if (!choice) return missing('price', textOf(wanted, 'price'), 'items[0][price]');
      const refused = changeItem(subscription, textOf(wanted, 'id'), choice, form);
      if (refused) return refused;
    }
    if (form['cancel_at_period_end'] !== undefined) {
      subscription.cancel_at_period_end = form['cancel_at_period_end'] === 'true';
      subscription.canceled_at = subscription.cancel_at_period_end ? nowSeconds : null;
    }
    return [200, subscription];
  }

  function changeItem(subscription: LedgerSubscription, id: string | undefined, choice: Choice, form: Form) {
    const item = subscription.items.data.find((one) => one.id === id);
    const customer = customers.get(subscription.customer);
    if (!item || !customer) return missing('subscription item', id, 'items[0][id]');
    const lines = subscription.status === 'trialing' ? [] : prorationOf(item, choice, nowSeconds);
    const isPaidNow = form['proration_behavior'] === 'always_invoice' && lines.length > 0;
    if (isPaidNow && dueOf(totalOf(lines), customer.balance).amountDue > 0) {
      const isAllOrNothing = form['payment_behavior'] === 'error_if_incomplete';
      if (isAllOrNothing && !methods.some((one) => one['customer'] === customer.id)) return noWayToPay();
      if (isAllOrNothing && isDeclining) {
        isDeclining = false;
        return declined();
      }
    }
    if (isPaidNow) charge(customer, lines);
    const { start, end } = periodAfter(item, choice, nowSeconds);
    const changed = { ...item, ...choice, current_period_start: start, current_period_end: end };
    subscription.items.data = subscription.items.data.map((one) => (one === item ? changed : one));
    return undefined;
  }

  function cancelSubscription(id: string): Answer {
    const subscription = subscriptions.get(id);
    if (!subscription || subscription.status === 'canceled') {
      return [404, { error: { ...(missing('subscription', id, 'id')[1] as { error: object }).error } }];
    }
    subscription.status = 'canceled';
    subscription.canceled_at = nowSeconds;
    return [200, subscription];
  }

  function preview(form: Form): Answer {
    const id = textOf(form, 'subscription');
    const subscription = subscriptions.get(id ?? '');
    const details = partOf(form, 'subscription_details');
    const wanted = partOf(partOf(details, 'items'), '0');
    const choice = choiceOf(wanted);
    const item = subscription?.items.data.find((one) => one.id === wanted['id']);
    if (!subscription || !item) return missing('subscription', id, 'subscription');
    if (!choice) return missing('price', textOf(wanted, 'price'), 'subscription_details[items][0][price]');
    const atSeconds = Number(details['proration_date'] ?? nowSeconds);
    const renewal = renewalOf(choice, subscription.trial_end ?? item.current_period_end);
    const proration = subscription.status === 'trialing' ? [] : prorationOf(item, choice, atSeconds);
    const lines = form['preview_mode'] === 'recurring' || proration.length === 0 ? renewal : proration;
    const balance = form['preview_mode'] === 'recurring' ? 0 : (customers.get(subscription.customer)?.balance ?? 0);
    return [200, invoiceOf(subscription.customer, lines, dueOf(totalOf(lines), balance).amountDue)];
  }

  function listInvoices(form: Form): Answer {
    const customer = textOf(form, 'customer');
    const startingAfter = textOf(form, 'starting_after');
    const query = new URLSearchParams({ limit: textOf(form, 'limit') ?? '10' });
    if (startingAfter !== undefined) query.set('starting_after', startingAfter);
    const ofCustomer = invoices.filter((one) => one['customer'] === customer);
    const [status, page] = pageOf(ofCustomer, query);
    return status === 200 ? [status, page] : missing('invoice', startingAfter, 'starting_after');
  }

  const listLines = (id: string): Answer => [
    200,
    { object: 'list', data: invoices.find((one) => one.id === id)?.['all_lines'] ?? [], has_more: false },
  ];

  function answerTo(request: IncomingMessage, { method, path, form, idempotencyKey }: StripeRequest): Answer {
    const key = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
    const rights = keys[key];
    if (!rights) return [401, errorOf(`Invalid API Key provided: ${key.slice(0, 8)}****${key.slice(-4)}`)];
    for (const [pattern, right, act] of routes) {
      const match = pattern.exec(`${method} ${path}`);
      if (!match) continue;
      if (rights !== 'all' && !rights.includes(right)) return [403, errorOf(lacks(key, right))];
      return once(idempotencyKey, JSON.stringify([path, form]), () => act(match[1] ?? '', form, path));
    }
    return [404, errorOf(`Unrecognized request URL (${method}: ${path}).`)];
  }

  /** What was asked for under a key is not done again, and nothing else is done under it. */
  function once(key: string | undefined, asked: string, act: () => Answer): Answer {
    if (key === undefined) return act();
    const known = answers.get(key);
    if (known && known.asked !== asked) {
      return [400, { error: { type: 'idempotency_error', message: `Keys for idempotent requests: '${key}'` } }];
    }
    if (known) return [known.answer[0], known.answer[1], { 'idempotent-replayed': 'true' }];
    const answer = act();
    // As it was then: it may change.
    answers.set(key, { asked, answer: [answer[0], structuredClone(answer[1])] });
    return answer;
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://stripe');
    const body = await textOfStream(request);
    const form = formOf(new URLSearchParams(request.method === 'GET' ? url.search : body));
    const idempotencyKey = request.headers['idempotency-key']?.toString();
    const asked = { method: request.method ?? '', path: url.pathname, form, idempotencyKey };
    requests.push(asked);
    const held = holds.findIndex(({ path }) => path.test(url.pathname));
    if (held !== -1) await holds.splice(held, 1)[0]?.reach();
    const fault = faults.shift();
    if (fault && fault.kind !== 'cutAfter') return fail(response, fault);
    const [status, answer, headers] = answerTo(request, asked);
    if (fault) return void response.destroy();
    send(response, status, answer, {
      ...headers,
      date: new Date(nowSeconds * 1_000).toUTCString(),
      'request-id': newId('req'),
    });
  }

  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));

  /** The customer has a card from here on. */
  function addCard(customer: string, more: StripeObject = {}): string {
    const id = newId('pm');
    const card = { brand: 'visa', last4: '4242', exp_month: 4, exp_year: 2042, fingerprint: 'Xt5EWLLDS7FJjR1c' };
    methods.push({ id, object: 'payment_method', type: 'card', customer, card, ...more });
    return id;
  }

  return {
    apiBase: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    customers,
    subscriptions,
    sessions,
    invoices,
    addCard,
    createCustomer: (email: string | null = null) => createCustomer(email === null ? {} : { email }),
    charge,
    now: () => nowSeconds,
    advance: (seconds: number) => void (nowSeconds += seconds),
    /** What is next to be paid cannot be paid. */
    declineNext: () => void (isDeclining = true),
    removePortal: () => void (hasPortal = false),
    removeCards: () => void methods.splice(0),
    fail: (...next: PaymentsFault[]) => void faults.push(...next),
    /** The same, after so many requests that work. */
    failAfter: (working: number, ...next: PaymentsFault[]) =>
      void faults.push(...Array.from({ length: working }, () => undefined), ...next),
    /** The next request of this path waits until it is released. */
    hold(path: RegExp) {
      let release = () => {};
      const released = new Promise<void>((resolve) => (release = resolve));
      const reached = new Promise<void>((resolve) => {
        holds.push({ path, reach: () => (resolve(), released) });
      });
      return { reached, release };
    },
    /** As a checkout does it: paid ten days ago, with a card of its own. */
    subscribe(customerId: string, price: LedgerPrice, more: Partial<LedgerSubscription> = {}): LedgerSubscription {
      const start = nowSeconds - 10 * daySeconds;
      const end = start + periodSecondsOf(price);
      const item = { id: newId('si'), price, quantity: 1, current_period_start: start, current_period_end: end };
      const subscription: LedgerSubscription = {
        id: newId('sub'),
        object: 'subscription',
        customer: customerId,
        status: 'active',
        items: { object: 'list', data: [item], has_more: false },
        cancel_at_period_end: false,
        canceled_at: null,
        trial_end: null,
        default_payment_method: addCard(customerId),
        created: start,
        ...more,
      };
      subscriptions.set(subscription.id, subscription);
      const customer = customers.get(customerId);
      if (customer && subscription.status === 'active')
        charge(customer, renewalOf({ price, quantity: 1 }, start), start);
      return subscription;
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

const noWayToPay = (): Answer => [
  400,
  {
    error: {
      type: 'invalid_request_error',
      code: 'resource_missing',
      message: 'This customer has no attached payment source or default payment method.',
    },
  },
];

const declined = (): Answer => [
  402,
  {
    error: {
      type: 'card_error',
      code: 'card_declined',
      decline_code: 'insufficient_funds',
      charge: 'ch_secret1',
      message: 'Your card has insufficient funds (ch_secret1).',
    },
  },
];
