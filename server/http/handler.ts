import { randomUUID } from 'node:crypto';
import type { Environment } from '../../schema/environment.ts';
import { ApiError } from '../../schema/errors.ts';
import type { Authenticate } from '../authenticate.ts';
import type { Logger } from '../log.ts';
import type { createEndpoint } from './endpoint.ts';
import { createErrorMask, errorResponse } from './errors.ts';
import { graphiqlSecurityPolicy } from './graphiql.ts';
import type { createOriginRules } from './origin.ts';
import { checkRequest } from './request-rules.ts';

/** What a listener knows about a connection, beyond the request itself. */
export interface Connection {
  /** The network address of the caller. */
  readonly address: string;
}

export type Handler = (request: Request, connection: Connection) => Promise<Response>;

interface HandlerOptions {
  readonly environment: Environment;
  readonly endpoint: ReturnType<typeof createEndpoint>;
  readonly originRules: ReturnType<typeof createOriginRules>;
  readonly authenticate: Authenticate;
  readonly logger: Logger;
}

/** A request that takes longer is given up: whatever holds it is broken. */
const deadlineMs = 10_000;

const securityHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};

/** GraphQL over HTTP for one environment: who may send what is decided here, before GraphQL sees it. */
export function createGraphqlHandler(options: HandlerOptions): Handler {
  const { environment, endpoint, originRules, authenticate, logger } = options;
  const maskFor = createErrorMask(logger);

  async function answer(request: Request, { address }: Connection, requestId: string): Promise<Response> {
    if (request.method === 'OPTIONS') return new Response(null, { status: 204 });
    originRules.check(request.headers);
    checkRequest(request);
    const authorization = request.headers.get('authorization');
    const caller = await authenticate({ authorization, environment, address });
    return endpoint.fetch(request, { caller, requestId });
  }

  const headersFor = (request: Request, response: Response): Record<string, string> => ({
    ...securityHeaders,
    ...(request.method === 'OPTIONS'
      ? originRules.preflightHeaders(request.headers)
      : originRules.answerHeaders(request.headers)),
    ...(response.headers.get('content-type')?.startsWith('text/html') && {
      'content-security-policy': graphiqlSecurityPolicy,
    }),
  });

  return async (request, connection) => {
    const requestId = randomUUID();
    const startedAt = performance.now();
    const response = await withDeadline(answer(request, connection, requestId)).catch((error: unknown) =>
      errorResponse(maskFor(requestId)(error)),
    );
    for (const [name, value] of Object.entries(headersFor(request, response))) response.headers.set(name, value);
    response.headers.set('x-request-id', requestId);
    const durationMs = Math.round(performance.now() - startedAt);
    logger.info({ requestId, environment, method: request.method, status: response.status, durationMs }, 'request');
    return response;
  };
}

async function withDeadline(response: Promise<Response>): Promise<Response> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new ApiError('UNAVAILABLE', 'The request took too long.', { retryAfterSeconds: 1 }));
    }, deadlineMs);
  });
  try {
    return await Promise.race([response, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
