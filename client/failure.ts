import { BillingOSError, type BillingOSErrorCode } from './errors.ts';
import { retryAfterSecondsOf } from './retry-after.ts';

/** urql's CombinedError, as far as it is read here. */
export interface OperationFailure {
  readonly graphQLErrors: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[];
  readonly networkError?: Error | undefined;
  readonly response?: unknown;
}

const unreachable = 'No answer from the API. Is this origin in BILLINGOS_ALLOWED_ORIGINS?';

/** What failed, as the one error of this package: what the API answered, what the session says, or the network. */
export function billingErrorOf({ graphQLErrors: [first], networkError: cause, response }: OperationFailure) {
  const { status, headers } = (response ?? {}) as Partial<Response>;
  const requestId = headers?.get('x-request-id') ?? undefined;
  const details = { status, requestId, retryAfterSeconds: retryAfterSecondsOf(headers) };
  const code = first?.extensions['code'];
  if (typeof code === 'string') return new BillingOSError(code as BillingOSErrorCode, first?.message ?? '', details);
  if (cause?.name === 'BillingOSError') return cause as BillingOSError;
  return status === undefined
    ? new BillingOSError('NETWORK_ERROR', unreachable, { cause })
    : new BillingOSError('UNEXPECTED_ANSWER', 'Something else answered.', { ...details, cause });
}
