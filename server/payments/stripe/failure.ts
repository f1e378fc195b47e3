import { ApiError } from '../../../schema/errors.ts';

/** What a restricted key must be allowed to do, as Stripe's dashboard names it. */
export type Right =
  | 'Checkout Sessions: write'
  | 'Customers: read'
  | 'Customers: write'
  | 'Customer portal: write'
  | 'Invoices: read'
  | 'Invoices: write'
  | 'Payment Methods: read'
  | 'Subscriptions: write';

/** The parts of the library's errors that decide; `type` is the name of its class. */
export interface StripeFailure {
  readonly type: string;
  readonly code?: string;
  readonly decline_code?: string;
  readonly param?: string;
  readonly statusCode?: number;
  readonly requestId?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `undefined`: a bug, or an answer of ours. */
export const stripeFailureOf = (error: unknown): StripeFailure | undefined =>
  error instanceof Error && 'type' in error && String(error.type).startsWith('Stripe')
    ? (error as Error & StripeFailure)
    : undefined;

/** Stripe has no such thing, or not any more. */
export const isMissing = (error: unknown): boolean => stripeFailureOf(error)?.code === 'resource_missing';

/** What our caller is told. Stripe's own words are for the merchant: they name ids, and parts of keys. */
export function apiErrorOf(failure: StripeFailure, right: Right): ApiError {
  switch (failure.type) {
    case 'StripeCardError':
      return paymentFailed(failure);
    case 'StripeAuthenticationError':
      return notConfigured('Stripe does not know the key of this merchant: it is mistyped, rolled or expired.');
    case 'StripePermissionError':
      return notConfigured(`The Stripe key of this merchant lacks a permission: ${right}.`);
    case 'StripeInvalidRequestError':
      return new ApiError(
        'CONFLICT',
        failure.code === 'resource_missing' ? missing(failure) : 'Stripe does not accept this.',
      );
    case 'StripeIdempotencyError':
      return new ApiError('CONFLICT', 'Stripe was asked for something else under this name before.');
    default:
      return new ApiError('UNAVAILABLE', 'Stripe does not answer. Try again later.', {
        retryAfterSeconds: retryAfterSecondsOf(failure),
      });
  }
}

export const notConfigured = (message: string) => new ApiError('PAYMENTS_NOT_CONFIGURED', message);

/** The customer has no way to pay, or its bank wants to hear from it first, or it was declined. */
export function paymentFailed({ code, decline_code: reason }: Pick<StripeFailure, 'code' | 'decline_code'>): ApiError {
  return new ApiError('PAYMENT_FAILED', reasons[reason || code || ''] ?? 'The payment was declined. Pay another way.');
}

const reasons: Readonly<Record<string, string>> = {
  insufficient_funds: 'The payment was declined: there is not enough money. Pay another way.',
  expired_card: 'The card has expired. Pay another way.',
  authentication_required: 'The bank wants to ask you first. Confirm the payment on the payment page.',
  subscription_payment_intent_requires_action:
    'The bank wants to ask you first. Confirm the payment on the payment page.',
  resource_missing: 'There is no way to pay. Add one first.',
};

function missing({ param = '' }: StripeFailure): string {
  if (param.includes('price')) return 'Stripe has no such price any more.';
  return `Stripe has no such ${param.includes('customer') ? 'customer' : 'subscription'} any more.`;
}

const defaultRetryAfterSeconds = 5;
const maxRetryAfterSeconds = 300;

function retryAfterSecondsOf({ headers }: StripeFailure): number {
  const asked = Number(headers?.['retry-after'] || NaN);
  return asked >= 0 ? Math.min(Math.ceil(asked), maxRetryAfterSeconds) : defaultRetryAfterSeconds;
}
