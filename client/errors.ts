import type { ErrorCode } from '../schema/error-codes.ts';

/** What can go wrong on this side of the wire; every other code comes from the API. Each is explained in docs/errors.md. */
export const clientErrorCodes = [
  'NETWORK_ERROR',
  'TIMEOUT',
  'UNEXPECTED_ANSWER',
  'SESSION_ENDPOINT_FAILED',
  'SIGNED_OUT',
  'CUSTOMER_CHANGED',
  'TOKENS_REFUSED',
  'TOKEN_NOT_RENEWED',
  'INVALID_TOKEN',
  'INVALID_ENDPOINT',
] as const;

export type BillingOSErrorCode = ErrorCode | (typeof clientErrorCodes)[number];

const retryableCodes: readonly BillingOSErrorCode[] = ['NETWORK_ERROR', 'TIMEOUT', 'RATE_LIMITED', 'UNAVAILABLE'];

export interface BillingOSErrorDetails {
  /** The HTTP status that came with it; left out when there was no answer. */
  readonly status?: number | undefined;
  /** The service's id of the request (`x-request-id`): name it when asking for help. */
  readonly requestId?: string | undefined;
  /** What `Retry-After` asked for. */
  readonly retryAfterSeconds?: number | undefined;
  /** Whether the same request may succeed later; by default that follows from the code. */
  readonly retryable?: boolean | undefined;
  readonly cause?: unknown;
}

/** Every failure of this package, in Node and in the browser. Compare `code`: `instanceof` lies across two copies of a package. */
export class BillingOSError extends Error {
  override readonly name = 'BillingOSError';
  // Declared only: the details are assigned as they are.
  declare readonly code: BillingOSErrorCode;
  declare readonly status: number | undefined;
  declare readonly requestId: string | undefined;
  declare readonly retryAfterSeconds: number | undefined;
  declare readonly retryable: boolean;

  constructor(code: BillingOSErrorCode, message: string, details: BillingOSErrorDetails = {}) {
    super(message, details);
    Object.assign(this, details, { code, retryable: details.retryable ?? retryableCodes.includes(code) });
  }
}
