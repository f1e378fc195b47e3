import { randomUUID } from 'node:crypto';
import type { Environment } from '../../schema/environment.ts';
import { ApiError } from '../../schema/errors.ts';
import type { Logger } from '../log.ts';
import type { MeasuredRequest, Metrics } from '../metrics.ts';
import { codeOf, createErrorMask, errorResponse } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { inRequestSpan } from './request-span.ts';

/** What a listener knows about a connection, beyond the request itself. */
export interface Connection {
  /** The network address of the caller. */
  readonly address: string;
}

export type Handler = (request: Request, connection: Connection) => Promise<Response>;

interface FrameOptions {
  readonly environment: Environment;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** What its lines in the log are called. */
  readonly name: 'request' | 'webhook' | 'payment page';
  /** Throws what the caller is told; anything else that it throws is masked. */
  readonly answer: (request: Request, connection: Connection, exchange: Exchange) => Promise<Response>;
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

const routes = { request: 'graphql', webhook: 'webhook', 'payment page': 'payment_page' } as const satisfies Record<
  FrameOptions['name'],
  MeasuredRequest['route']
>;

/** What goes around every answer, whatever is asked: an id, a deadline, errors as answers, headers, a line in the log. */
export function createFrame({ environment, logger, metrics, name, answer, headersFor }: FrameOptions): Handler {
  const maskFor = createErrorMask(logger);

  async function answerWithin(request: Request, connection: Connection, exchange: Exchange): Promise<Response> {
    const { requestId } = exchange;
    const startedAt = performance.now();
    const response = await withDeadline(answer(request, connection, exchange)).catch((error: unknown) => {
      const masked = maskFor(requestId)(error);
      exchange.code = codeOf(masked);
      return errorResponse(masked);
    });
    const headers = { ...securityHeaders, ...headersFor?.(request, response), 'x-request-id': requestId };
    for (const [header, value] of Object.entries(headers)) response.headers.set(header, value);
    const durationMs = performance.now() - startedAt;
    const { status } = response;
    const { operation, code } = exchange;
    const field = operation?.field;
    metrics.requestEnded({
      environment,
      route: routes[name],
      field: field ?? 'none',
      status,
      code: code ?? 'OK',
      durationMs,
    });
    logger.info(
      { requestId, environment, method: request.method, field, status, code, durationMs: Math.round(durationMs) },
      name,
    );
    return response;
  }

  return (request, connection) => {
    metrics.requestBegan();
    const exchange: Exchange = { requestId: randomUUID() };
    return inRequestSpan(request, exchange, () => answerWithin(request, connection, exchange));
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
