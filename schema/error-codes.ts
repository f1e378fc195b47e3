/**
 * Every code that the API answers with in `errors[].extensions.code`, and the HTTP status that goes with it.
 * What each means and what to do about it: docs/errors.md. Statuses follow RFC 9110, those of credentials RFC 6750.
 */
export const httpStatusByErrorCode = {
  INVALID_INPUT: 400,
  UNAUTHENTICATED: 401,
  TOKEN_EXPIRED: 401,
  TOKEN_REVOKED: 401,
  WRONG_ENVIRONMENT: 401,
  PAYMENT_FAILED: 402,
  SECRET_KEY_IN_BROWSER: 403,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  RATE_LIMITED: 429,
  INTERNAL_SERVER_ERROR: 500,
  PAYMENTS_NOT_CONFIGURED: 501,
  UNAVAILABLE: 503,
} as const;

export type ErrorCode = keyof typeof httpStatusByErrorCode;
