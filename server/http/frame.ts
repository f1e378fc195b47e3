import { randomUUID } from 'node:crypto';
import type { Environment } from '../../schema/environment.ts';
import { ApiError } from '../../schema/errors.ts';
import type { Logger } from '../log.ts';
import { createErrorMask, errorAnswer } from './errors.ts';
import type { Answer, ApiRequest, Handler } from './exchange.ts';

interface FrameOptions {
  readonly environment: Environment;
  readonly logger: Logger;
  /** What its lines in the log are called. */
  readonly name: 'request' | 'webhook' | 'payment page';
  /** Throws what the caller is told; anything else that it throws is masked. */
  readonly answer: (request: ApiRequest, requestId: string) => Promise<Answer>;
  readonly headersFor?: (request: ApiRequest, answer: Answer) => Answer['headers'];
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

  return async (request) => {
    const requestId = randomUUID();
    const startedAt = performance.now();
    const given = await withDeadline(answer(request, requestId)).catch((error: unknown) =>
      errorAnswer(maskFor(requestId)(error)),
    );
    const { status, body } = given;
    const durationMs = Math.round(performance.now() - startedAt);
    logger.info({ requestId, environment, method: request.method, status, durationMs }, name);
    return {
      status,
      headers: {
        ...given.headers,
        ...securityHeaders,
        ...headersFor?.(request, given),
        'x-request-id': requestId,
      },
      body,
    };
  };
}

async function withDeadline(answer: Promise<Answer>): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new ApiError('UNAVAILABLE', 'The request took too long.', { retryAfterSeconds: 1 }));
    }, deadlineMs);
  });
  try {
    return await Promise.race([answer, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
