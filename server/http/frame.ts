import { randomUUID } from 'node:crypto';
import type { Environment } from '../../schema/environment.ts';
import { ApiError } from '../../schema/errors.ts';
import type { Logger } from '../log.ts';
import type { MeasuredRequest, Metrics } from '../metrics.ts';
import { codeOf, createErrorMask, errorAnswer } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { type Answer, type ApiRequest, type Handler, joined } from './message.ts';
import { inRequestSpan } from './request-span.ts';

interface FrameOptions {
  readonly environment: Environment;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** What its lines in the log are called. */
  readonly name: 'request' | 'webhook' | 'payment page';
  /** Throws what the caller is told; anything else that it throws is masked. */
  readonly answer: (request: ApiRequest, exchange: Exchange) => Promise<Answer>;
  readonly headersFor?: (request: ApiRequest, answer: Answer) => Answer['headers'];
}

/** A request that takes longer is given up: whatever holds it is broken. */
const deadlineMs = 10_000;

export const securityHeaders = {
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
  const route = routes[name];

  async function answerWithin(request: ApiRequest, exchange: Exchange): Promise<Answer> {
    const { requestId } = exchange;
    const startedAt = performance.now();
    const given = await withDeadline(answer(request, exchange), () => (exchange.isOver = true)).catch(
      (error: unknown) => {
        const masked = maskFor(requestId)(error);
        exchange.code = codeOf(masked);
        return errorAnswer(masked);
      },
    );
    const { status, body } = given;
    const durationMs = performance.now() - startedAt;
    const { operation, code } = exchange;
    const field = operation?.field;
    metrics.requestEnded({ environment, route, field: field ?? 'none', status, code: code ?? 'OK', durationMs });
    logger.info(
      { requestId, environment, method: request.method, field, status, code, durationMs: Math.round(durationMs) },
      name,
    );
    const ofRoute = headersFor?.(request, given);
    return { status, headers: joined(given.headers, securityHeaders, ofRoute, { 'x-request-id': requestId }), body };
  }

  return (request) => {
    metrics.requestBegan();
    const exchange: Exchange = { requestId: randomUUID() };
    return inRequestSpan(request, exchange, () => answerWithin(request, exchange));
  };
}

async function withDeadline(answer: Promise<Answer>, onOver: () => void): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      onOver();
      reject(new ApiError('UNAVAILABLE', 'The request took too long.', { retryAfterSeconds: 1 }));
    }, deadlineMs);
  });
  try {
    return await Promise.race([answer, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
