import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHarness, type Harness } from '../support/harness.ts';
import { ownerOf } from '../support/import.ts';
import {
  type ConnectedStripe,
  connectStripe,
  eventOf,
  newWebhookSecret,
  signatureOf,
  stripeCustomer,
} from '../support/stripe-webhook.ts';

let harness: Harness;
let stripe: ConnectedStripe;
beforeAll(async () => {
  harness = await createHarness();
  stripe = await connectStripe(harness);
});
afterAll(() => harness.stop());

let lastCustomer = 0;
/** A body of Stripe's about a customer of its own, so that what one test lets in shows in that test. */
function newBody(livemode = false) {
  const id = `cus_f6x${++lastCustomer}`;
  return { id, body: JSON.stringify(eventOf('customer.created', stripeCustomer(id), { livemode }), null, 2) };
}

const everyCustomer = async () => {
  const { rows } = await harness.database.db.execute<{ id: string }>('select stripe_customer_id as id from customers');
  return rows.map(({ id }) => id);
};

type Delivery = Parameters<ConnectedStripe['deliver']>[0];

const refusal = '{"errors":[{"message":"This webhook is not accepted.","extensions":{"code":"INVALID_INPUT"}}]}';

async function expectRefused(delivery: Delivery): Promise<void> {
  const { status, text } = await stripe.deliver(delivery);
  expect({ status, text }).toEqual({ status: 400, text: refusal });
}

async function expectAccepted(id: string, delivery: Delivery): Promise<void> {
  expect((await stripe.deliver(delivery)).status).toBe(200);
  expect(await everyCustomer()).toContain(id);
}

test('F6 what Stripe signed for this account is accepted, so that what follows fails for its own reason', async () => {
  const { id, body } = newBody();
  await expectAccepted(id, { body, signature: stripe.signed(body) });
});

test('F6 a signature that is forged, or none at all, is refused', async () => {
  const { id, body } = newBody();
  const genuine = stripe.signed(body);
  const [time = '', hex = ''] = genuine.split(',v1=');
  await expectRefused({ body });
  for (const signature of [
    '',
    'x',
    time,
    `${time},v1=`,
    `${time},v1=${'0'.repeat(64)}`,
    `${time},v1=${hex.slice(0, -1)}${hex.endsWith('0') ? '1' : '0'}`,
    `${time},v1=${hex.slice(0, -1)}`,
    `${time},v1=${hex}0`,
    `${time},v1=${hex.toUpperCase()}`,
    `${time},v0=${hex}`,
    `v1=${hex}`,
    `v1=${hex},${time}`,
    `t=,v1=${hex}`,
    `t=NaN,v1=${hex}`,
    `${time}.0,v1=${hex}`,
    `t=-1,v1=${hex}`,
    `${time},${time},v1=${hex}`,
    `${genuine},`,
    `${genuine}, ${genuine}`,
    `${time}${`,v1=${'0'.repeat(64)}`.repeat(200)},v1=${hex}`,
  ]) {
    await expectRefused({ body, signature });
  }
  expect(await everyCustomer()).not.toContain(id);
  await expectAccepted(id, { body, signature: genuine });
});

test('F6 of several signatures one that is right is enough, as while a secret is rolled', async () => {
  const { id, body } = newBody();
  const other = signatureOf(body, { secret: newWebhookSecret(), atSeconds: stripe.nowSeconds() });
  const [time = '', right = ''] = stripe.signed(body).split(',v1=');
  const [, wrong = ''] = other.split(',v1=');
  await expectRefused({ body, signature: `${time},v1=${wrong},v1=${wrong}` });
  await expectRefused({ body, signature: `${time},v1=${wrong},v0=${right}` });
  await expectAccepted(id, { body, signature: `${time},v1=${wrong},v1=${right},v0=${wrong}` });
});

test('F6 a signature by any other secret is refused', async () => {
  const rival = await connectStripe(harness, harness.rival);
  const live = await connectStripe(harness, await harness.newMerchant('Live', 'live'));
  const ownLive = newWebhookSecret();
  const ownerAtLive = { ...ownerOf(harness.merchant), environment: 'live' } as const;
  await harness.rules.stripeAccounts.connect(ownerAtLive, { webhookSecret: ownLive });

  const { id, body } = newBody();
  const atSeconds = stripe.nowSeconds();
  for (const secret of [newWebhookSecret(), rival.secret, live.secret, ownLive, `${stripe.secret} `, 'whsec_']) {
    await expectRefused({ body, signature: signatureOf(body, { secret, atSeconds }) });
  }
  await expectRefused({ body, signature: stripe.signed(body), merchantId: harness.rival.id });
  await expectRefused({ body, signature: stripe.signed(body), environment: 'live' });
  expect(await everyCustomer()).not.toContain(id);
});

test('F6 a signature counts for five minutes, and no longer', async () => {
  const { id, body } = newBody();
  const signature = stripe.signed(body);
  harness.clock.advance(301_000);
  await expectRefused({ body, signature });
  expect(await everyCustomer()).not.toContain(id);

  const { id: other, body: inTime } = newBody();
  const atSeconds = stripe.nowSeconds() - 299;
  await expectAccepted(other, { body: inTime, signature: signatureOf(inTime, { secret: stripe.secret, atSeconds }) });
});

test('F6 another time than the one that was signed is refused', async () => {
  const { body } = newBody();
  const signature = signatureOf(body, { secret: stripe.secret, atSeconds: stripe.nowSeconds() - 3_600 });
  await expectRefused({ body, signature: signature.replace(/^t=\d+/, `t=${stripe.nowSeconds()}`) });
});

test('F6 a body that differs by one byte from the one that was signed is refused', async () => {
  const { id, body } = newBody();
  const signature = stripe.signed(body);
  for (const changed of [
    `${body} `,
    ` ${body}`,
    `${body}\n`,
    `\uFEFF${body}`,
    body.replace('{', '{ '),
    body.replaceAll('\n', '\r\n'),
    body.replace('"livemode": false', '"livemode": true'),
    JSON.stringify(JSON.parse(body)),
    JSON.stringify(JSON.parse(body), null, 4),
    '',
    '{}',
  ]) {
    await expectRefused({ body: changed, signature });
  }
  expect(await everyCustomer()).not.toContain(id);
  await expectAccepted(id, { body, signature });
});

test('F6 bytes that are no text are refused, also when their replacement was signed', async () => {
  const { id, body } = newBody();
  const replaced = body.replace('Name of', 'Name \uFFFD of');
  const [before = '', after = ''] = replaced.split('\uFFFD');
  const raw = Buffer.concat([Buffer.from(before), Buffer.from([0xff]), Buffer.from(after)]);
  const request = new Request(`http://localhost:4000/sandbox/webhooks/stripe/${harness.merchant.id}`, {
    method: 'POST',
    headers: { 'stripe-signature': stripe.signed(replaced), 'content-length': String(raw.length) },
    body: raw,
  });
  expect((await harness.app.fetch(request, { address: '203.0.113.1' })).status).toBe(400);
  expect(await everyCustomer()).not.toContain(id);
});

test('F6 an event of the other mode is refused, even with the right signature', async () => {
  const { id, body } = newBody(true);
  await expectRefused({ body, signature: stripe.signed(body) });
  const { livemode: _left, ...event } = JSON.parse(newBody().body) as Record<string, unknown>;
  for (const unclear of [event, { ...event, livemode: 'false' }, { ...event, livemode: null }]) {
    const text = JSON.stringify(unclear);
    await expectRefused({ body: text, signature: stripe.signed(text) });
  }

  const live = await harness.newMerchant('Live only', 'live');
  const atLive = await connectStripe(harness, live);
  const { id: ofTest, body: testBody } = newBody();
  expect((await atLive.deliver({ body: testBody, signature: atLive.signed(testBody) })).status).toBe(400);
  const { id: ofLive, body: liveBody } = newBody(true);
  expect((await atLive.deliver({ body: liveBody, signature: atLive.signed(liveBody) })).status).toBe(200);
  const customers = await everyCustomer();
  expect(customers).toContain(ofLive);
  expect(customers).not.toContain(id);
  expect(customers).not.toContain(ofTest);
});

test('F6 what is signed and is no event of Stripe’s is refused', async () => {
  for (const body of ['null', '[]', '"x"', '{}', '{', 'x', '{"object":"v2.core.event"}', '{"livemode":false}']) {
    await expectRefused({ body, signature: stripe.signed(body) });
  }
});

test('F6 a merchant that there is not, and one without an account, look like a forged signature', async () => {
  const { body } = newBody();
  const signature = stripe.signed(body);
  const unconnected = await harness.newMerchant('Unconnected');
  const left = await harness.newMerchant('Left');
  const atLeft = await connectStripe(harness, left);
  await harness.rules.stripeAccounts.disconnect(ownerOf(left));
  harness.clock.advance(1_001);
  const keyOnly = await harness.newMerchant('Key only');
  await harness.rules.stripeAccounts.connect(ownerOf(keyOnly), { secretKey: 'sk_test_abcdefgh' });

  const unknown = harness.merchant.id.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
  for (const merchantId of [unconnected.id, keyOnly.id, unknown, 'mer_x', '', '%00', "'--", '..%2f', '__proto__']) {
    await expectRefused({ body, signature, merchantId });
  }
  await expectRefused({ body, signature: atLeft.signed(body), merchantId: left.id });
});

test('F6 a thousand forgeries cost few reads of the database, and keep no genuine event out', async () => {
  const { id, body } = newBody();
  const forged = `t=${stripe.nowSeconds()},v1=${'0'.repeat(64)}`;
  const reads = () => harness.requestStatements().length;

  const before = reads();
  await Promise.all(Array.from({ length: 100 }, () => stripe.deliver({ body })));
  await Promise.all(Array.from({ length: 100 }, () => stripe.deliver({ body, signature: 'v1=x' })));
  const shaped = { body, signature: forged, merchantId: 'mer_y' };
  await Promise.all(Array.from({ length: 100 }, () => stripe.deliver(shaped)));
  expect(reads() - before).toBe(0);

  const startedAt = performance.now();
  for (let round = 0; round < 10; round++) {
    await Promise.all(Array.from({ length: 100 }, () => stripe.deliver({ body, signature: forged })));
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  expect(reads() - before).toBeLessThanOrEqual(Math.ceil(seconds) + 1);
  await expectAccepted(id, { body, signature: stripe.signed(body) });
});

test('F6 no secret, no signature and no address of a delivery is logged, and no secret is in the database', async () => {
  const { body } = newBody();
  const signature = stripe.signed(body);
  await stripe.deliver({ body, signature });
  await stripe.deliver({ body: `${body} `, signature });
  const log = harness.logLines.join('');
  expect(log).toContain('a webhook was refused');
  const { rows } = await harness.database.db.execute('select to_jsonb(a) from stripe_accounts a');
  for (const text of [log, JSON.stringify(rows)]) {
    expect(text).not.toContain(stripe.secret);
    expect(text).not.toContain('whsec_');
    expect(text).not.toContain('sk_test_abcdefgh');
    expect(text).not.toContain(signature.slice(-64));
    expect(text).not.toContain('@example.com');
  }
  expect(rows.length).toBeGreaterThan(1);
});
