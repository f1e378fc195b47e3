import type { Stripe } from 'stripe';
import type { PaymentMethodRecord } from '../../../schema/billing.ts';
import type { Payments } from '../payments.ts';
import type { Ask } from './ask.ts';

const maxPaymentMethods = 100;

/** Reads how a customer pays. Who was never at Stripe has no way to. */
export const createPaymentMethods =
  (ask: Ask): Payments['paymentMethods'] =>
  async (owner, { stripeCustomerId: id }) => {
    if (id === null) return [];
    const [{ data }, customer] = await Promise.all([
      ask(owner, 'Payment Methods: read', (stripe) =>
        stripe.customers.listPaymentMethods(id, { limit: maxPaymentMethods }),
      ),
      ask(owner, 'Customers: read', (stripe) => stripe.customers.retrieve(id, { expand: ['subscriptions'] })),
    ]);
    const defaultId = customer.deleted ? undefined : defaultOf(customer);
    return data.map((method) => paymentMethodOf(method, defaultId));
  };

/** What renewals are paid with: a subscription may have a way of its own, as after a checkout. */
function defaultOf({ subscriptions, invoice_settings: settings }: Stripe.Customer): string | undefined {
  const [method] = [
    ...(subscriptions?.data.map(({ default_payment_method: own }) => own) ?? []),
    settings.default_payment_method,
  ].filter((found) => found !== null);
  return typeof method === 'object' ? method.id : method;
}

/** What kinds of payment have in common, where they have it. */
interface MethodDetails {
  readonly brand?: string | null;
  readonly last4?: string | null;
  readonly exp_month?: number;
  readonly exp_year?: number;
}

function paymentMethodOf(method: Stripe.PaymentMethod, defaultId: string | undefined): PaymentMethodRecord {
  const details = (method as unknown as Readonly<Record<string, MethodDetails | undefined>>)[method.type];
  return {
    id: method.id,
    type: method.type,
    brand: details?.brand ?? null,
    lastFour: details?.last4?.slice(-4) ?? null,
    expiryMonth: details?.exp_month ?? null,
    expiryYear: details?.exp_year ?? null,
    isDefault: method.id === defaultId,
  };
}
