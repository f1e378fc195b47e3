import type { Stripe } from 'stripe';
import { ApiError } from '../../../schema/errors.ts';
import { ownCustomerField } from '../../import/adoption.ts';
import { ownCheckoutField } from '../../stripe/checkout.ts';
import type { OpenCheckout, Payments } from '../payments.ts';
import type { Ask } from './ask.ts';
import type { IdAtStripe } from './customer.ts';
import { notConfigured, stripeFailureOf } from './failure.ts';
import { stripePriceIdOf } from './price.ts';

interface PagesOptions {
  readonly ask: Ask;
  readonly idAtStripe: IdAtStripe;
}

/** Stripe's own pages: where a customer pays, and where it changes how. */
export function createPages({
  ask,
  idAtStripe,
}: PagesOptions): Pick<Payments, 'openCheckout' | 'closeCheckout' | 'openPortal'> {
  return {
    async openCheckout(owner, checkout) {
      const params = paramsOf(checkout, await idAtStripe(owner, checkout.customer));
      const { id, url } = await ask(owner, 'Checkout Sessions: write', (stripe) =>
        stripe.checkout.sessions.create(params, { idempotencyKey: checkout.id }),
      );
      if (url === null) throw new ApiError('CONFLICT', 'Stripe has opened no page for this checkout.');
      return { url, stripeSessionId: id };
    },

    async closeCheckout(owner, { stripeSessionId }) {
      if (stripeSessionId === null) return 'closed';
      const { status } = await ask(owner, 'Checkout Sessions: write', (stripe) =>
        // One that is over already cannot be ended: then it counts how.
        stripe.checkout.sessions
          .expire(stripeSessionId)
          .catch(() => stripe.checkout.sessions.retrieve(stripeSessionId)),
      );
      return status === 'complete' ? 'paid' : 'closed';
    },

    async openPortal(owner, customer, returnUrl) {
      const params = { customer: await idAtStripe(owner, customer), return_url: returnUrl };
      const { url } = await ask(owner, 'Customer portal: write', (stripe) =>
        stripe.billingPortal.sessions.create(params).catch((error: unknown) => {
          throw isUnconfigured(error) ? portalNotConfigured() : error;
        }),
      );
      return url;
    },
  };
}

function paramsOf(checkout: OpenCheckout, customer: string): Stripe.Checkout.SessionCreateParams {
  const metadata = { [ownCheckoutField]: checkout.id, [ownCustomerField]: checkout.customer.id };
  const kind =
    checkout.price.recurring === null
      ? ({ mode: 'payment', payment_intent_data: { metadata }, invoice_creation: { enabled: true } } as const)
      : ({ mode: 'subscription', subscription_data: { metadata } } as const);
  return {
    ...kind,
    customer,
    client_reference_id: checkout.id,
    line_items: [{ price: stripePriceIdOf(checkout.price), quantity: checkout.quantity }],
    success_url: checkout.successUrl,
    cancel_url: checkout.cancelUrl,
    expires_at: Math.floor(checkout.expiresAt.getTime() / 1_000),
    metadata,
  };
}

/** Stripe gives that no code: what is wrong with a parameter has one, or names it. */
function isUnconfigured(error: unknown): boolean {
  const failure = stripeFailureOf(error);
  return failure?.type === 'StripeInvalidRequestError' && failure.code === undefined && failure.param === undefined;
}

const portalNotConfigured = () =>
  notConfigured('The customer portal has no settings: save them once in Stripe’s dashboard.');
