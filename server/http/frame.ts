import { randomUUID } from 'node:crypto';
import type { Environment } from '../../schema/environment.ts';
import { ApiError } from '../../schema/errors.ts';
import type { Logger } from '../log.ts';
import { createErrorMask, errorResponse } from './errors.ts';

/** What a listener knows about a connection, beyond the request itself. */
export interface Connection {
  /** The network address of the caller. */
  readonly address: string;
}

export type Handler = (request: Request, connection: Connection) => Promise<Response>;

interface FrameOptions {
  readonly environment: Environment;
  readonly logger: Logger;
  /** What its lines in the log are called. */
  readonly name: 'request' | 'webhook' | 'payment page';
  /** Throws what the caller is told; anything else that it throws is masked. */
  readonly answer: (request: Request, connection: Connection, requestId: string) => Promise<Response>;
  readonly headersFor?: (request: Request, response: Response) => Record<string, string>;
}

/** A request that takes longer is given up: whatever holds it is broken. */
const deadlineMs = 10_000;

const securityHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};

/** What goes around every answer, whatever is asked: an id, a deadline, errors as answers, headers, a line in the log. */
export function createFrame({ environment, logger, name, answer, headersFor }: FrameOptions): Handler {
  const maskFor = createErrorMask(logger);

  return async (request, connection) => {
    const requestId = randomUUID();
    const startedAt = performance.now();
    const response = await withDeadline(answer(request, connection, requestId)).catch((error: unknown) =>
      errorResponse(maskFor(requestId)(error)),
    );
    const headers = { ...securityHeaders, ...headersFor?.(request, response), 'x-request-id': requestId };
    for (const [header, value] of Object.entries(headers)) response.headers.set(header, value);
    const durationMs = Math.round(performance.now() - startedAt);
    logger.info({ requestId, environment, method: request.method, status: response.status, durationMs }, name);
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
