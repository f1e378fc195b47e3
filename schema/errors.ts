import { GraphQLError } from 'graphql';
import { type ErrorCode, httpStatusByErrorCode } from './error-codes.ts';

/** One thing that is wrong with an input: where (`['input', 'expiresIn']`) and what. */
export interface InputProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

interface ApiErrorDetails {
  readonly problems?: readonly InputProblem[];
  /** Sent as `Retry-After`, whole seconds. */
  readonly retryAfterSeconds?: number;
  /** The endpoint that the credential belongs to (`WRONG_ENVIRONMENT`). */
  readonly endpoint?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Another HTTP status than the code's own: for requests that are wrong before GraphQL reads them (405, 411, 413, 415). */
  readonly status?: number;
}

/** A failure that the caller is told about. Anything else that is thrown is a bug and is masked. */
export class ApiError extends GraphQLError {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, details: ApiErrorDetails = {}) {
    const { retryAfterSeconds, headers, status = httpStatusByErrorCode[code], ...shown } = details;
    super(message, {
      extensions: {
        code,
        ...shown,
        ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
        http: {
          status,
          headers: { ...headers, ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }) },
        },
      },
    });
    this.code = code;
  }
}

/** An id that does not exist and an id that belongs to somebody else get this one answer. */
export const notFound = (what: string) => new ApiError('NOT_FOUND', `${what} not found.`);

/** Of a list: `after` is an item's cursor, never anything else. */
export const unknownCursor = () =>
  new ApiError('INVALID_INPUT', 'The input is not valid.', {
    problems: [{ path: ['after'], message: 'must be a cursor of this list' }],
  });
