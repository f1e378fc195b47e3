import { randomUUID } from 'node:crypto';
import { Stripe } from 'stripe';
import { expect } from 'vitest';
import type { Harness, TestMerchant } from './harness.ts';
import { send } from './harness.ts';
import { ownerOf } from './import.ts';
import type { StripeObject } from './stripe-account.ts';

/** A signing secret as Stripe gives one for each endpoint. */
export const newWebhookSecret = () => `whsec_${randomUUID().replaceAll('-', '')}`;

export interface EventOptions {
  readonly id?: string;
  readonly created?: number;
  readonly livemode?: boolean;
  readonly [field: string]: unknown;
}

let lastEvent = 0;

/** An event of Stripe's about an object, as it was then. */
export const eventOf = (
  type: string,
  object: StripeObject,
  { created = 1_800_000_000, ...more }: EventOptions = {},
) => ({
  id: `evt_${++lastEvent}`,
  object: 'event',
  api_version: '2026-06-30',
  type,
  created,
  livemode: false,
  data: { object },
  ...more,
});

interface SignatureOptions {
  readonly secret: string;
  readonly atSeconds: number;
}

export const signatureOf = (payload: string, { secret, atSeconds: timestamp }: SignatureOptions) =>
  Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });

interface Delivery {
  readonly headers?: Record<string, string>;
  /** Left out: none is sent. */
  readonly signature?: string;
  readonly body: string;
  readonly merchantId?: string;
  readonly environment?: 'test' | 'live';
}

/** Stripe, as far as one merchant's endpoint sees of it. */
export async function connectStripe(harness: Harness, merchant: TestMerchant = harness.merchant) {
  const secret = newWebhookSecret();
  await harness.rules.stripeAccounts.connect(ownerOf(merchant), { webhookSecret: secret });
  // What was known of the secret before is forgotten.
  harness.clock.advance(1_001);
  const nowSeconds = () => Math.floor(harness.clock.now() / 1_000);
  const signed = (body: string) => signatureOf(body, { secret, atSeconds: nowSeconds() });

  async function deliver(delivery: Delivery): Promise<{ status: number; text: string; headers: Headers }> {
    const { headers, signature, body, merchantId = merchant.id, environment = merchant.environment } = delivery;
    const response = await send(
      harness.app,
      `http://localhost:4000${environment === 'test' ? '/sandbox' : ''}/webhooks/stripe/${merchantId}`,
      {
        method: 'POST',
        headers: {
          'content-type': 'application/json; charset=utf-8',
          ...(signature !== undefined && { 'stripe-signature': signature }),
          ...headers,
        },
        body,
      },
    );
    return { status: response.status, text: await response.text(), headers: response.headers };
  }

  /** Sends an event as Stripe does, and gives the status. */
  async function tell(event: object): Promise<number> {
    const body = JSON.stringify(event, null, 2);
    return (await deliver({ body, signature: signed(body) })).status;
  }

  return {
    secret,
    nowSeconds,
    signed,
    deliver,
    tell,
    /** Sends an event that must be accepted. */
    tellAll: async (...events: readonly object[]) => {
      for (const event of events) expect(await tell(event)).toBe(200);
    },
  };
}

export type ConnectedStripe = Awaited<ReturnType<typeof connectStripe>>;

export const stripeCustomer = (id: string, more: object = {}): StripeObject => ({
  id,
  object: 'customer',
  email: `${id}@example.com`,
  name: `Name of ${id}`,
  metadata: {},
  created: 1_700_000_000,
  ...more,
});

export const stripeProduct = (id: string, more: object = {}): StripeObject => ({
  id,
  object: 'product',
  name: `Product ${id}`,
  description: null,
  active: true,
  ...more,
});

export const stripePrice = (id: string, product: string, more: object = {}): StripeObject => ({
  id,
  object: 'price',
  product,
  currency: 'eur',
  unit_amount: 900,
  unit_amount_decimal: '900',
  recurring: { interval: 'month', interval_count: 1 },
  active: true,
  ...more,
});

export const stripeSubscription = (id: string, customer: string, more: object = {}): StripeObject => ({
  id,
  object: 'subscription',
  customer,
  status: 'active',
  items: { object: 'list', has_more: false, data: [{ price: { id: 'price_1' }, quantity: 1 }] },
  current_period_end: 1_900_000_000,
  cancel_at_period_end: false,
  created: 1_700_000_000,
  ...more,
});
