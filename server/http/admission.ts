import type { IncomingMessage } from 'node:http';
import type { Logger } from '../log.ts';
import type { Handler } from './frame.ts';
import type { LoopWatch } from './loop-watch.ts';
import { createRoom } from './room.ts';
import { routeOf } from './route.ts';

interface AdmissionOptions {
  /** Requests that are worked on at the same time; 0 refuses none. */
  readonly maxInFlight: number;
  readonly loopWatch: Pick<LoopWatch, 'isLate'>;
  readonly logger: Logger;
}

/** An answer that is ready before the request is read. */
export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Looks at nothing but the head of a request; `undefined` lets it in. */
export type Door = (request: Pick<IncomingMessage, 'method' | 'url' | 'headers'>) => Refusal | undefined;

/** The headers that each answer of a route needs, a refusal too. */
type HeadersFor = (headers: Headers) => Readonly<Record<string, string>>;

const logEveryMs = 1_000;

const headers = { 'content-type': 'application/json', 'cache-control': 'no-store', 'retry-after': '1' };
const body = JSON.stringify({
  errors: [
    {
      message: 'The service is overloaded. Try again later.',
      extensions: { code: 'UNAVAILABLE', retryAfterSeconds: 1 },
    },
  ],
});

/**
 * Refuses at once what could only be answered late: by then whoever asked has gone, and the work was for nothing. Stands
 * before credentials and documents are looked at, and writes no line for each refusal, so that refusing costs little.
 */
export function createAdmission({ maxInFlight, loopWatch, logger }: AdmissionOptions) {
  const room = createRoom({ places: maxInFlight || Number.POSITIVE_INFINITY, loopWatch });
  const guarded = new Map<string, HeadersFor>();
  let refused = 0;
  let timer: NodeJS.Timeout | undefined;

  function refuse(headersFor: HeadersFor, asked: Headers): Refusal {
    refused += 1;
    return { status: 503, headers: { ...headers, ...headersFor(asked) }, body };
  }

  function logRefused(): void {
    if (refused > 0) logger.warn({ refused }, 'requests were refused: there were more than can be answered');
    refused = 0;
  }

  /** A preflight costs no more than a refusal, and a browser shows its page no other answer. */
  const isRefusable = (method: string | undefined) => method !== 'OPTIONS' && room.isFull();

  return {
    /** Before anything is made of a request: refusing there costs a tenth. */
    door: (({ method, url = '', headers: { origin = '', authorization = '' } }) => {
      if (!isRefusable(method)) return undefined;
      const headersFor = routeOf(guarded, url.split('?', 1)[0] ?? '');
      return headersFor && refuse(headersFor, new Headers({ ...(origin && { origin }), authorization }));
    }) satisfies Door,

    /** A route to which there is a door. */
    guard(path: string, handler: Handler, headersFor: HeadersFor = () => ({})): [string, Handler] {
      guarded.set(path, headersFor);
      const guardedHandler: Handler = async (request, connection) => {
        if (isRefusable(request.method)) {
          const refusal = refuse(headersFor, request.headers);
          return new Response(refusal.body, refusal);
        }
        const place = room.enter();
        // Until its body is here a request waits for its sender: a few thousand slow ones must not fill the room.
        const read = request.arrayBuffer.bind(request);
        Object.defineProperty(request, 'arrayBuffer', { value: () => place.stepOut(read()) });
        try {
          return await handler(request, connection);
        } finally {
          place.leave();
        }
      };
      return [path, guardedHandler];
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
