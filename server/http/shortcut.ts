import { isUtf8 } from 'node:buffer';
import { execute, type ExecutionResult, type GraphQLError } from 'graphql';
import { forgetScopes } from '../../schema/builder.ts';
import type { Context } from '../../schema/context.ts';
import { schema } from '../../schema/index.ts';
import type { RequestContext, Ports } from './endpoint.ts';
import { codeOf } from './errors.ts';
import { operationOf } from './operation.ts';
import { type Answer, joined } from './message.ts';
import { mayHoldInexactNumber } from './inexact-ids.ts';
import { refusalOfInput } from './input-problems.ts';
import type { KnownDocuments } from './known-documents.ts';
import { mediaTypeFor } from './media-type.ts';

interface ShortcutOptions {
  readonly ports: Ports;
  readonly known: KnownDocuments;
  readonly maskFor: (requestId: string) => (error: unknown) => GraphQLError;
}

/** Some other member may mean something, which Yoga knows. */
const members: ReadonlySet<string> = new Set(['query', 'variables', 'operationName']);

/**
 * The way of nearly all requests: a document that every rule has let through before is executed at once. Answers
 * `undefined` when anything is unusual about the request, which then goes to Yoga as it is.
 */
export function createShortcut({ ports, known, maskFor }: ShortcutOptions) {
  return async (
    body: Uint8Array,
    accept: string | null,
    { caller, exchange }: RequestContext,
  ): Promise<Answer | undefined> => {
    const mediaType = mediaTypeFor(accept);
    const params = mediaType && paramsOf(body);
    const found = params && known.find(params.query, params.operationName);
    if (!found) return undefined;

    const { document, operation } = found;
    exchange.operation = operationOf(document, operation);
    const { operationName, variables, mayBeInexact } = params;
    const variableValues = variables ?? {};
    const asked = { schema, document, operation, variableValues, caller };
    const contextValue: Context = { caller, loaders: {}, ...ports };
    const inexact = mayBeInexact ? refusalOfInput(asked) : undefined;
    const result = inexact
      ? { errors: [inexact] }
      : await execute({ schema, document, operationName, variableValues, contextValue });
    forgetScopes(contextValue);
    if (!result.errors) return resultAnswer(200, result, mediaType);

    // GraphQL looked at the input before it began anything, and says less about it, one thing at a time.
    const refusal = inexact ?? ('data' in result ? undefined : refusalOfInput(asked));
    const errors = (refusal ? [refusal] : result.errors).map(maskFor(exchange.requestId));
    if (errors[0]) exchange.code = codeOf(errors[0]);
    return failureOf({ ...result, errors }, mediaType);
  };
}

interface Params {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>> | null;
  readonly operationName?: string | null;
}

interface ReadParams extends Params {
  /** Whether a number may have changed while it was read. */
  readonly mayBeInexact: boolean;
}

function paramsOf(body: Uint8Array): ReadParams | undefined {
  // Text that was repaired on the way is not what was sent.
  if (!isUtf8(body)) return undefined;
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString();
  try {
    const params: unknown = JSON.parse(text);
    if (!isParams(params)) return undefined;
    const { query, variables = null, operationName = null } = params;
    return { query, variables, operationName, mayBeInexact: mayHoldInexactNumber(text) };
  } catch {
    return undefined;
  }
}

function isParams(value: unknown): value is Params {
  if (!isRecord(value) || !Object.keys(value).every((member) => members.has(member))) return false;
  const { query, variables, operationName } = value;
  return (
    typeof query === 'string' &&
    (variables == null || isRecord(variables)) &&
    (operationName == null || typeof operationName === 'string')
  );
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

interface Failure extends ExecutionResult {
  readonly errors: readonly GraphQLError[];
}

/** The status and the headers that its errors bring along; 200 when they bring none. */
function failureOf(failure: Failure, mediaType: string): Answer {
  const wanted = failure.errors.map(({ extensions }) => extensions.http);
  const status = Math.max(0, ...wanted.map((http) => http?.status ?? 0)) || 200;
  const shown = { ...failure, errors: failure.errors.map(withoutHttp) };
  return resultAnswer(status, shown, mediaType, ...wanted.map((http) => http?.headers));
}

const resultAnswer = (
  status: number,
  result: object,
  mediaType: string,
  ...headers: readonly (Answer['headers'] | undefined)[]
): Answer => ({
  status,
  headers: joined(...headers, { 'content-type': `${mediaType}; charset=utf-8` }),
  body: JSON.stringify(result),
});

function withoutHttp(error: GraphQLError) {
  const { extensions, ...shown } = error.toJSON();
  const { http: _http, ...others } = extensions ?? {};
  return Object.keys(others).length > 0 ? { ...shown, extensions: others } : shown;
}
