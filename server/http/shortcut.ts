import { isUtf8 } from 'node:buffer';
import { execute, type ExecutionResult, type GraphQLError } from 'graphql';
import type { Context } from '../../schema/context.ts';
import { schema } from '../../schema/index.ts';
import type { RequestContext, Ports } from './endpoint.ts';
import { codeOf } from './errors.ts';
import { operationOf } from './operation.ts';
import { type Answer, joined } from './message.ts';
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
    const variableValues = params.variables ?? {};
    const refusal = refusalOfInput({ schema, document, operation, variableValues, caller });
    const result = refusal
      ? { errors: [refusal] }
      : await execute({
          schema,
          document,
          operationName: params.operationName,
          variableValues,
          contextValue: { caller, ...ports } satisfies Context,
        });
    const shown = masked(result, maskFor(exchange.requestId));
    if (shown.errors?.[0]) exchange.code = codeOf(shown.errors[0]);
    return answerOf(shown, mediaType);
  };
}

interface Params {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>> | null;
  readonly operationName?: string | null;
}

function paramsOf(body: Uint8Array): Params | undefined {
  // Text that was repaired on the way is not what was sent.
  if (!isUtf8(body)) return undefined;
  try {
    const params: unknown = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString());
    return isParams(params) ? params : undefined;
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

const masked = ({ errors, ...result }: ExecutionResult, mask: (error: unknown) => GraphQLError): ExecutionResult =>
  errors ? { errors: errors.map(mask), ...result } : result;

/** The status and the headers that its errors bring along; 200 when they bring none. */
function answerOf(result: ExecutionResult, mediaType: string): Answer {
  const wanted = (result.errors ?? []).map(({ extensions }) => extensions.http);
  const status = Math.max(0, ...wanted.map((http) => http?.status ?? 0)) || 200;
  return {
    status,
    headers: joined(...wanted.map((http) => http?.headers), { 'content-type': `${mediaType}; charset=utf-8` }),
    body: JSON.stringify(result.errors ? { ...result, errors: result.errors.map(withoutHttp) } : result),
  };
}

function withoutHttp(error: GraphQLError) {
  const { extensions, ...shown } = error.toJSON();
  const { http: _http, ...others } = extensions ?? {};
  return Object.keys(others).length > 0 ? { ...shown, extensions: others } : shown;
}
