import { randomUUID } from 'node:crypto';
import { ApiError } from '../../schema/errors.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { errorAnswer } from './errors.ts';
import { securityHeaders } from './frame.ts';
import type { LoopWatch } from './loop-watch.ts';
import { type Answer, type ApiRequest, type Handler, joined } from './message.ts';
import { createRoom } from './room.ts';

interface AdmissionOptions {
  /** Requests that are worked on at the same time; 0 refuses none. */
  readonly maxInFlight: number;
  readonly loopWatch: Pick<LoopWatch, 'isLate'>;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'overloaded'>;
}

/** The headers that each answer of a route needs, a refusal too. */
type HeadersFor = (headers: ApiRequest['headers']) => Answer['headers'];

const logEveryMs = 1_000;

const overloaded = () =>
  new ApiError('UNAVAILABLE', 'The service is overloaded. Try again later.', { retryAfterSeconds: 1 });

const refusal = errorAnswer(overloaded());

function refuseIncomplete(error: unknown): never {
  throw error instanceof ApiError ? error : new ApiError('INVALID_INPUT', 'The body did not arrive whole.');
}

/**
 * Refuses at once what could only be answered late: by then whoever asked has gone, and the work was for nothing. Stands
 * before credentials and documents are looked at, and writes no line for each refusal, so that refusing costs little.
 */
export function createAdmission({ maxInFlight, loopWatch, logger, metrics }: AdmissionOptions) {
  const room = createRoom({ places: maxInFlight || Number.POSITIVE_INFINITY, loopWatch });
  let refused = 0;
  let timer: NodeJS.Timeout | undefined;

  function noteRefused(): void {
    refused += 1;
    metrics.overloaded(loopWatch.isLate() ? 'event_loop' : 'in_flight');
  }

  function refuse(): never {
    noteRefused();
    throw overloaded();
  }

  function logRefused(): void {
    if (refused > 0) logger.warn({ refused }, 'requests were refused: there were more than can be answered');
    refused = 0;
  }

  return {
    guard:
      (handler: Handler, headersFor: HeadersFor = () => ({})): Handler =>
      async (request) => {
        // A preflight costs no more than a refusal, and a browser shows its page no other answer.
        if (request.method !== 'OPTIONS' && room.isFull()) {
          noteRefused();
          const { status, headers, body } = refusal;
          const requestId = { 'x-request-id': randomUUID() };
          return { status, headers: joined(headers, securityHeaders, headersFor(request.headers), requestId), body };
        }
        const place = room.enter();
        try {
          return await handler({
            method: request.method,
            url: request.url,
            headers: request.headers,
            address: request.address,
            // Until its body is here a request waits for its sender: a few thousand slow ones must not fill the room.
            readBody: () => place.stepOut(request.readBody().catch(refuseIncomplete), refuse),
          });
        } finally {
          place.leave();
        }
      },

    start(): void {
      timer = setInterval(logRefused, logEveryMs).unref();
    },

    stop(): void {
      clearInterval(timer);
      logRefused();
    },
  };
}
