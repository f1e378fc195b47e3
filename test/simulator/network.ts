import type { Machine } from './machine.ts';
import type { Random } from './random.ts';
import type { Reach } from './siblings.ts';
import type { Timeline } from './timeline.ts';

/** A server: a request in, a response out. It takes no time of the world. */
export type Server = (request: Request) => Promise<Response>;

/** What a server does instead of its work: it cannot be reached, never answers, or answers with something else. */
export type Trouble = 'unreachable' | 'silent' | (() => Response);

/** How long a request, and then its answer, is under way: milliseconds, by chance between the two. */
export type Latency = readonly [leastMs: number, mostMs: number];

/** What went over the wire to a server, and what came of it. */
export interface Exchange {
  readonly url: string;
  readonly sentAtMs: number;
  /** Whether the server itself got it, and not what it does instead. */
  isServed: boolean;
  /** `undefined` until an answer arrives at the page, or when none does. */
  status: number | undefined;
  /** When that was. */
  answeredAtMs: number | undefined;
}

export interface Network {
  fetchFor(reach: Reach): typeof fetch;
  setLatency(latency: Latency): void;
  /** For the server at this origin, until it is ended with `undefined`. */
  setTrouble(origin: string, trouble: Trouble | undefined): void;
  onExchange(listener: (exchange: Exchange) => void): void;
  /** Resolves when no server is at work. */
  settled(): Promise<unknown> | undefined;
}

interface NetworkOptions {
  readonly timeline: Timeline;
  readonly machine: Machine;
  readonly random: Random;
  /** By origin. */
  readonly servers: Readonly<Record<string, Server>>;
  /** What pages ask relative URLs of. */
  readonly origin: string;
  /** What the browser adds to each request. */
  readonly headersOf: (url: URL) => Readonly<Record<string, string>>;
}

const defaultLatency: Latency = [5, 60];
/** A lost network is noticed after so long. */
const lossMs = 5;

export function createNetwork(options: NetworkOptions): Network {
  const { timeline, machine, random, servers, origin, headersOf } = options;
  const troubles = new Map<string, Trouble>();
  const listeners: ((exchange: Exchange) => void)[] = [];
  const underWay = new Set<() => void>();
  let latency = defaultLatency;
  let work: Promise<unknown> = Promise.resolve();
  let working = 0;

  machine.onChange((change) => {
    if (change === 'asleep' || change === 'offline') for (const lose of underWay) lose();
  });

  const legMs = () => latency[0] + random() * (latency[1] - latency[0]);

  /** One server works at a time, in the order of asking, so that the same seed gives the same run. */
  function serve(server: Server, request: Request): Promise<Response> {
    working += 1;
    const answer = work.then(async () => {
      const response = await server(request);
      const { status, headers } = response;
      const body = await response.arrayBuffer();
      return new Response(body.byteLength > 0 ? body : null, { status, headers });
    });
    work = answer.catch(() => {}).finally(() => (working -= 1));
    return answer;
  }

  async function answerOf(
    exchange: Exchange,
    url: URL,
    init: RequestInit,
    headers: Headers,
  ): Promise<Response | 'silent'> {
    const trouble = troubles.get(url.origin);
    if (trouble === 'silent') return trouble;
    if (typeof trouble === 'function') return trouble();
    const server = servers[url.origin];
    if (trouble === 'unreachable' || !server) throw unreachable();
    const { signal: _signal, ...sent } = init;
    exchange.isServed = true;
    return serve(server, new Request(url, { ...sent, headers }));
  }

  /** As the browser sends them: with the cookie of this moment, not of when they arrive. */
  function headersFor(url: URL, { headers, body, credentials }: RequestInit): Headers {
    const sent = new Headers(headers);
    for (const [name, value] of Object.entries(headersOf(url))) sent.set(name, value);
    if (credentials === 'omit') sent.delete('cookie');
    if (typeof body === 'string') sent.set('content-length', `${new TextEncoder().encode(body).byteLength}`);
    return sent;
  }

  function send(reach: Reach, url: URL, init: RequestInit): Promise<Response> {
    const headers = headersFor(url, init);
    const exchange: Exchange = {
      url: url.href,
      sentAtMs: timeline.nowMs(),
      isServed: false,
      status: undefined,
      answeredAtMs: undefined,
    };
    for (const listener of listeners) listener(exchange);
    return new Promise((resolve, reject) => {
      let isOver = false;
      /** Once only, and only in a page that runs. */
      const settle = (act: () => void) => {
        if (isOver) return;
        isOver = true;
        underWay.delete(lose);
        reach.run(act);
      };
      const lose = () => void timeline.after(lossMs, () => settle(() => reject(unreachable())));
      const signal = init.signal;
      if (signal?.aborted) return reject(signal.reason as Error);
      signal?.addEventListener('abort', () => settle(() => reject(signal.reason as Error)));
      if (!machine.isOnline()) return lose();

      underWay.add(lose);
      timeline.after(legMs(), () => {
        if (!isOver) void ask();
      });

      async function ask() {
        const answer = await answerOf(exchange, url, init, headers).catch(() => undefined);
        if (answer === 'silent') return;
        timeline.after(legMs(), () =>
          settle(() => {
            if (!answer) return reject(unreachable());
            exchange.answeredAtMs = timeline.nowMs();
            exchange.status = answer.status;
            resolve(answer);
          }),
        );
      }
    });
  }

  return {
    fetchFor:
      (reach) =>
      (input, init = {}) =>
        input instanceof Request
          ? Promise.reject(new TypeError('The simulator takes a URL and options, not a Request.'))
          : send(reach, new URL(input, origin), init),
    setLatency: (next) => (latency = next),
    setTrouble(at, trouble) {
      if (!Object.hasOwn(servers, at))
        throw new TypeError(`There is no server at ${at}: ${Object.keys(servers).join(', ')}.`);
      if (trouble) troubles.set(at, trouble);
      else troubles.delete(at);
    },
    onExchange: (listener) => void listeners.push(listener),
    settled: () => (working > 0 ? work : undefined),
  };
}

/** As browsers say it. */
const unreachable = () => new TypeError('Failed to fetch');
