import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';
import { BillingOSError } from '../errors.ts';
import { retryAfterSecondsOf } from '../retry-after.ts';
import { contentOf, type Answer } from './answer.ts';
import { redact } from './redact.ts';
import { withRetries, type RetryOptions } from './retry.ts';

export interface CallOptions {
  /** Ends the call, waits between retries included: it rejects with the signal's reason, as `fetch` does. */
  readonly signal?: AbortSignal | undefined;
}

export interface RequestOptions extends RetryOptions {
  readonly endpoint: string;
  readonly secretKey: string;
  /** How long one attempt may take. */
  readonly timeoutMs: number;
  readonly fetch: typeof fetch;
}

export type Request = <Result, Variables>(
  document: TypedDocumentNode<Result, Variables>,
  variables: Variables,
  call?: CallOptions,
) => Promise<Result>;

/** Sends operations to one endpoint with one key. Rejects with a BillingOSError. */
export function createRequest(options: RequestOptions): Request {
  return async <Result, Variables>(
    document: TypedDocumentNode<Result, Variables>,
    variables: Variables,
    { signal }: CallOptions = {},
  ) => {
    const body = JSON.stringify({ query: print(document), variables });
    const content = await withRetries(async () => contentOf(await post(body, signal, options)), options, signal);
    return content as Result;
  };
}

async function post(body: string, signal: AbortSignal | undefined, options: RequestOptions): Promise<Answer> {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  try {
    const response = await options.fetch(options.endpoint, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${options.secretKey}`,
        'content-type': 'application/json',
        accept: 'application/graphql-response+json, application/json;q=0.9',
      },
      body,
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      redirect: 'manual', // The key goes where it was told to go, and nowhere else.
      cache: 'no-store', // Some frameworks replace fetch by one that remembers the answers of POST.
    });
    return {
      status: response.status,
      requestId: response.headers.get('x-request-id') ?? undefined,
      retryAfterSeconds: retryAfterSecondsOf(response.headers),
      text: await response.text(),
    };
  } catch (error) {
    signal?.throwIfAborted();
    throw timeout.aborted ? timedOut(options) : unreachable(options, error);
  }
}

const timedOut = ({ endpoint, timeoutMs }: RequestOptions) =>
  new BillingOSError('TIMEOUT', `${endpoint} did not answer within ${timeoutMs} ms.`);

/** Without `cause`: what a `fetch` of others throws may hold the request, and with it the key. */
function unreachable({ endpoint }: RequestOptions, error: unknown): BillingOSError {
  const cause = error instanceof Error ? error.cause : undefined;
  const reasons = [error, cause].filter((reason) => reason instanceof Error).map((reason) => reason.message);
  return new BillingOSError('NETWORK_ERROR', redact(`Cannot reach ${endpoint}: ${reasons.join(': ')}`));
}
