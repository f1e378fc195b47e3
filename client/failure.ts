import { BillingOSError, type BillingOSErrorCode } from './errors.ts';
import { retryAfterSecondsOf } from './retry-after.ts';

/** urql's CombinedError, as far as it is read here. */
export interface OperationFailure {
  readonly graphQLErrors: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[];
  readonly networkError?: Error | undefined;
  readonly response?: unknown;
}

const unreachable =
  'The API could not be reached. If the console speaks of CORS, add this page’s origin to BILLINGOS_ALLOWED_ORIGINS.';

/** What failed, as the one error of this package: what the API answered, what the session says, or the network. */
export function billingErrorOf({ graphQLErrors, networkError, response }: OperationFailure): BillingOSError {
  const [first] = graphQLErrors;
  const details = detailsOf(response as Response | undefined);
  const code = first?.extensions['code'];
  if (first && typeof code === 'string') {
    return new BillingOSError(code as BillingOSErrorCode, first.message, details);
  }
  if (networkError?.name === 'BillingOSError') return networkError as BillingOSError;
  if (details.status === undefined) {
    return new BillingOSError('NETWORK_ERROR', unreachable, { cause: networkError });
  }
  return new BillingOSError('UNEXPECTED_ANSWER', 'Something else than the API answered.', {
    ...details,
    cause: networkError,
  });
}

function detailsOf(response: Response | undefined) {
  return {
    status: response?.status,
    requestId: response?.headers.get('x-request-id') ?? undefined,
    retryAfterSeconds: retryAfterSecondsOf(response),
  };
}
