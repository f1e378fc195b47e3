import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { apply } from '../support/catalog.ts';
import { openCustomer } from '../support/billing.ts';
import { createHarness, createHarnessForTest, type Harness, masterKey, send } from '../support/harness.ts';
import { ownerOf } from '../support/import.ts';
import { createDatabase } from '../support/postgres.ts';
import { startServer, urlOf } from '../support/process.ts';
import { ledgerPrice, testKey } from '../support/stripe-payments.ts';
import { createStripePaymentsServer } from '../support/stripe-payments-server.ts';

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });

let harness: Harness;
beforeAll(async () => {
  provider.register();
  harness = await createHarness();
});
afterAll(async () => {
  await harness.stop();
  await provider.shutdown();
  // The API keeps them for the whole process, which other files share.
  for (const api of [trace, context, propagation]) api.disable();
});
beforeEach(() => exporter.reset());

const traceId = '0af7651916cd43dd8448eb211c80319c';
const callerSpan = 'b7ad6b7169203331';
const traceparent = `00-${traceId}-${callerSpan}-01`;
const viewer = '{ viewer { externalUserId } }';

const requestSpans = () => exporter.getFinishedSpans().filter(({ kind }) => kind === SpanKind.SERVER);
const childrenOf = (parent: ReadableSpan | undefined) =>
  exporter
    .getFinishedSpans()
    .filter(({ parentSpanContext }) => parentSpanContext?.spanId === parent?.spanContext().spanId);

test('a request is a span that says what was asked for and what came of it', async () => {
  const { sessionToken } = await harness.merchant.billingos.createSessionToken({ externalUserId: 'ada' });
  exporter.reset();
  const { headers } = await harness.graphql(sessionToken, `query Mine { mine: viewer { externalUserId } }`);

  const [span, ...others] = requestSpans();
  expect(others).toEqual([]);
  expect(span).toMatchObject({ name: 'query viewer', status: { code: SpanStatusCode.UNSET } });
  expect(span?.attributes).toEqual({
    'http.request.method': 'POST',
    'url.path': '/sandbox/graphql',
    'http.response.status_code': 200,
    'graphql.operation.type': 'query',
    'billingos.field': 'viewer',
    'billingos.request_id': headers.get('x-request-id'),
  });
});

test('a request that is refused is a span with the code', async () => {
  await harness.graphql('sk_test_no', viewer);
  expect(requestSpans()[0]?.attributes).toMatchObject({
    'http.response.status_code': 401,
    'error.type': 'UNAUTHENTICATED',
  });
});

test('the trace of a caller goes on, in the lines of the log too', async () => {
  harness.logLines.splice(0);
  await harness.graphql(null, viewer, {}, { headers: { traceparent } });
  expect(requestSpans()[0]?.spanContext().traceId).toBe(traceId);
  expect(requestSpans()[0]?.parentSpanContext?.spanId).toBe(callerSpan);
  const line = harness.logLines.find((one) => one.includes('"request"')) ?? '';
  expect(JSON.parse(line)).toMatchObject({ traceId });
});

test.each(['nonsense', `00-${'0'.repeat(32)}-${callerSpan}-01`, `${traceparent}, ${traceparent}`])(
  'a traceparent that is none (%s) begins a trace of its own',
  async (header) => {
    const { code } = await harness.graphql(null, viewer, {}, { headers: { traceparent: header } });
    expect(code).toBe('UNAUTHENTICATED');
    expect(requestSpans()[0]?.parentSpanContext).toBeUndefined();
  },
);

test('each statement of a request is a span below it, with its text and no value', async () => {
  await harness.merchant.billingos.createSessionToken({
    externalUserId: 'a-private-user',
    email: 'private@example.com',
    metadata: { note: 'a private note' },
  });
  const [request] = requestSpans();
  const statements = childrenOf(request);
  expect(statements.length).toBeGreaterThan(0);
  expect(statements.map(({ name }) => name)).toEqual(expect.arrayContaining(['BEGIN', 'INSERT', 'COMMIT']));
  for (const { kind, attributes } of statements) {
    expect(kind).toBe(SpanKind.CLIENT);
    expect(attributes['db.system.name']).toBe('postgresql');
  }
  const said = JSON.stringify(
    exporter.getFinishedSpans().map(({ name, attributes, events }) => ({ name, attributes, events })),
  );
  expect(said).toContain('insert into');
  expect(said).not.toMatch(/private|sk_test|bos_session/);
});

test('statements that wait for a connection stay with the request that asked for them', async () => {
  const { billingos } = harness.merchant;
  const sessions = await Promise.all(
    Array.from({ length: 15 }, () => billingos.createSessionToken({ externalUserId: 'ada' })),
  );
  exporter.reset();
  await Promise.all(sessions.map(({ session }) => billingos.session(session.id)));

  const requests = requestSpans();
  expect(requests).toHaveLength(15);
  for (const request of requests) {
    const texts = childrenOf(request).map(({ attributes }) => String(attributes['db.query.text']));
    expect(texts.filter((text) => text.includes('from "sessions"'))).toHaveLength(1);
  }
});

test('a statement that fails is a span that failed, and quotes nothing', async () => {
  const broken = await createHarnessForTest();
  await broken.database.db.execute('alter table customers rename to something_else');
  exporter.reset();
  await broken.merchant.billingos.createSessionToken({ externalUserId: 'a-private-user' }).catch(() => undefined);

  const [request] = requestSpans();
  expect(request).toMatchObject({ status: { code: SpanStatusCode.ERROR } });
  expect(request?.attributes).toMatchObject({ 'error.type': 'INTERNAL_SERVER_ERROR' });
  const failed = childrenOf(request).filter(({ status }) => status.code === SpanStatusCode.ERROR);
  expect(failed).toHaveLength(1);
  expect(failed[0]).toMatchObject({ events: [], status: { code: SpanStatusCode.ERROR } });
});

test('work beside requests makes no spans', async () => {
  const readsBefore = harness.statements.filter((text) => text.includes('clock_timestamp')).length;
  await expect
    .poll(() => harness.statements.filter((text) => text.includes('clock_timestamp')).length)
    .toBeGreaterThan(readsBefore);
  expect(exporter.getFinishedSpans()).toEqual([]);
});

test('a span of a page does not carry the address of the page, which is its secret', async () => {
  await send(harness.app, 'http://localhost:4000/sandbox/pay/chk_the_secret_of_a_page');
  const [span] = requestSpans();
  expect(span?.name).toBe('GET /sandbox/pay/');
  expect(JSON.stringify([span?.name, span?.attributes])).not.toContain('secret');
});

test('what is asked of Stripe is a span below the request', async () => {
  const server = await createStripePaymentsServer({ keys: { [testKey]: 'all' }, prices: [ledgerPrice('pro')] });
  onTestFinished(server.close);
  const shop = await createHarnessForTest({ stripeApiBase: server.apiBase });
  const pro = { key: 'pro', currency: 'eur', unitAmount: 3000, recurring: { interval: 'MONTH' } };
  await apply(shop, shop.merchant, {
    features: [],
    products: [{ key: 'plans', name: 'Plans', features: [], prices: [{ ...pro, stripePriceId: 'price_pro' }] }],
  });
  const customer = await openCustomer(shop, 'ada');
  await shop.rules.stripeAccounts.connect(ownerOf(shop.merchant), { secretKey: testKey });
  shop.clock.advance(1_001);
  exporter.reset();
  await customer.createCheckout('pro');

  const [request] = requestSpans();
  const asked = childrenOf(request).filter(({ attributes }) => attributes['peer.service'] === 'stripe');
  expect(asked.map(({ name }) => name)).toContain('Stripe Checkout Sessions: write');
});

test('a server that is started with the example prints its spans', async () => {
  const server = await startServer({
    NODE_OPTIONS: '--import ./examples/operating/otel.mjs',
    DATABASE_URL: urlOf(await createDatabase()),
    BILLINGOS_MASTER_KEY: masterKey,
  });
  onTestFinished(async () => void (await server.stop()));
  await fetch(`${server.url}/sandbox/graphql?query={__typename}`, { headers: { traceparent } });
  await expect.poll(server.stdout).toContain("name: 'query introspection'");
  expect(server.stdout()).toContain(traceId);
  await expect.poll(server.stderr).toContain(`"traceId":"${traceId}"`);
}, 60_000);
