import { GraphQLError } from 'graphql';
import { type ErrorCode } from '../../schema/error-codes.ts';
import { ApiError } from '../../schema/errors.ts';
import { isOutage } from '../database/outage.ts';
import type { Logger } from '../log.ts';
import { type Answer, jsonAnswer } from './message.ts';

/** The one place that decides what a caller learns about a failure. */
export const createErrorMask =
  (logger: Logger) =>
  (requestId: string) =>
  (error: unknown): GraphQLError => {
    const known = apiErrorOf(error);
    if (known) return error instanceof GraphQLError ? error : known;
    if (isAboutTheRequest(error)) return withCode(error);

    const cause = error instanceof GraphQLError ? (error.originalError ?? error) : error;
    if (isOutage(cause)) {
      logger.warn({ err: cause, requestId }, 'a request failed because the database did not answer');
      return unavailable();
    }
    logger.error({ err: cause, requestId }, 'a request failed unexpectedly');
    return unexpected(requestId);
  };

const unavailable = () => new ApiError('UNAVAILABLE', 'The database cannot be reached now.', { retryAfterSeconds: 1 });

const unexpected = (requestId: string) =>
  new GraphQLError('Something went wrong on our side.', {
    extensions: { code: 'INTERNAL_SERVER_ERROR', requestId, http: { status: 500 } },
  });

function apiErrorOf(error: unknown): ApiError | undefined {
  if (error instanceof ApiError) return error;
  return error instanceof GraphQLError && error.originalError instanceof ApiError ? error.originalError : undefined;
}

/** graphql-js and the limits report a document without a path; with one, something failed while it was carried out. */
const isAboutTheRequest = (error: unknown): error is GraphQLError =>
  error instanceof GraphQLError &&
  error.path === undefined &&
  error.originalError === undefined &&
  error.extensions['unexpected'] === undefined;

const withCode = ({ message, nodes, extensions }: GraphQLError) =>
  new GraphQLError(message, { nodes: nodes ?? null, extensions: { ...extensions, code: 'INVALID_INPUT' } });

/** The code of an error that was masked: it has one of the table. */
export const codeOf = ({ extensions }: GraphQLError): ErrorCode => extensions['code'] as ErrorCode;

/** For a request that never reached GraphQL. */
export function errorAnswer(error: GraphQLError): Answer {
  const { http, ...extensions } = error.extensions;
  return jsonAnswer(http?.status ?? 500, { errors: [{ message: error.message, extensions }] }, { ...http?.headers });
}
