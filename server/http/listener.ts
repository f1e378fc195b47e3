import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import proxyAddress from 'proxy-addr';
import { ApiError } from '../../schema/errors.ts';
import { StartupError } from '../startup-error.ts';
import { type BodyBudget, createBodyBudget } from './body-budget.ts';
import { isHealthPath } from './health.ts';
import { type Answer, type ApiRequest, type Handler, joined, jsonAnswer, type RequestHeaders } from './message.ts';

interface ListenOptions {
  readonly answer: Handler;
  readonly port: number;
  readonly host: string;
  /** Whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  /** The variable that the port is from, for who has to choose another one. */
  readonly portVariable?: string;
}

export interface Listener {
  readonly port: number;
  /**
   * Answers on, but asks each client to leave its connection. Resolves when nobody has sent a request for a second, or
   * after the time given.
   */
  drain(mostMs: number): Promise<void>;
  /** Takes no new connections, and resolves when the last request is answered, or after the time given. */
  close(graceMs: number): Promise<void>;
}

const maxHeaderBytes = 16_384;
const headersTimeoutMs = 5_000;
/** Shorter than the deadline of an answer: who sends too slowly is told so, and not that the service is at fault. */
const requestTimeoutMs = 8_000;
/** Longer than load balancers keep theirs, so that none sends a request into a connection that is being closed. */
const keepAliveTimeoutMs = 65_000;
const maxConnections = 10_000;
/** Of bodies that have not arrived whole: ten thousand of the largest would take more than most machines have. */
const mostBodyBytes = 64 * 1_048_576;
/** Nobody sends requests here any more. */
const quietMs = 1_000;
const quietCheckMs = 50;
const quietChecks = quietMs / quietCheckMs;

export async function listen(options: ListenOptions): Promise<Listener> {
  const { answer, port, host, trustedProxies, portVariable = 'PORT' } = options;
  const isTrusted = proxyAddress.compile([...trustedProxies]);
  const budget = createBodyBudget(mostBodyBytes);
  let isDraining = false;
  let askedAt = Number.NEGATIVE_INFINITY;
  const server = createServer(
    {
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      // So that a slow request is noticed soon after its time is up.
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => {
      if (hasTwoCredentials(request)) return send(response, twoCredentials, 'close');
      // Who asks for our health is no client to wait for.
      if (!isHealthPath(request.url)) askedAt = performance.now();
      // Its client would send the next request into a connection that is about to be closed.
      const sendAnswer = (given: Answer) => send(response, given, isDraining || !server.listening ? 'close' : 'keep');
      answer(toApiRequest(request, isTrusted, budget))
        .then(sendAnswer)
        .catch(() => response.destroy());
    },
  );
  server.maxConnections = maxConnections;
  await bind(server, { port, host, portVariable });
  return {
    port: (server.address() as AddressInfo).port,
    async drain(mostMs) {
      isDraining = true;
      const begunAt = performance.now();
      // Counted in looks at the network, not in time: a process that gets no processor would think that nobody asks.
      let looks = begunAt - askedAt < quietMs ? quietChecks : 1;
      while (looks > 0 && performance.now() - begunAt < mostMs) {
        const lookedAt = performance.now();
        await delay(quietCheckMs);
        looks = askedAt > lookedAt ? quietChecks : looks - 1;
      }
    },
    close: (graceMs) => close(server, graceMs),
  };
}

/** Node keeps the first of two and forgets the other; whoever sends two means to be understood differently by two readers. */
const hasTwoCredentials = ({ rawHeaders }: IncomingMessage) =>
  rawHeaders.filter((text, index) => index % 2 === 0 && isAuthorization(text)).length > 1;

const isAuthorization = (name: string) =>
  name.length === 'authorization'.length && name.toLowerCase() === 'authorization';

const twoCredentials = jsonAnswer(400, {
  errors: [{ message: 'Send one Authorization header.', extensions: { code: 'INVALID_INPUT' } }],
});

const toApiRequest = (
  request: IncomingMessage,
  isTrusted: ReturnType<typeof proxyAddress.compile>,
  budget: BodyBudget,
): ApiRequest => ({
  method: request.method ?? '',
  url: request.url ?? '',
  headers: headersOf(request),
  // Of a connection that has ended nobody knows it.
  address: proxyAddress(request, isTrusted) ?? '',
  readBody: () => bytesOf(request, budget),
});

const headersOf = ({ headers }: IncomingMessage): RequestHeaders => ({
  get: (name) => headers[name]?.toString() ?? null,
  has: (name) => headers[name] !== undefined,
  *[Symbol.iterator]() {
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) yield [name, value.toString()];
  },
});

/** By events: as an iterable it takes several times as long. */
const bytesOf = (request: IncomingMessage, budget: BodyBudget): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    // Nothing more is heard of a connection that has ended before anybody listened.
    if (request.destroyed) return reject(incomplete());
    const held = budget.open();
    const chunks: Buffer[] = [];
    request
      .on('data', (chunk: Buffer) => {
        if (held.take(chunk.length)) return void chunks.push(chunk);
        // The rest goes by unread.
        request.removeAllListeners('data').resume();
        chunks.length = 0;
        held.close();
        reject(tooMuchAtOnce());
      })
      .once('end', () => {
        held.close();
        resolve(Buffer.concat(chunks));
      })
      .once('error', reject)
      .once('close', () => {
        held.close();
        // It comes after the end, too, and an error's stack takes longer than a body.
        if (!request.readableEnded) reject(incomplete());
      });
  });

const tooMuchAtOnce = () =>
  new ApiError('UNAVAILABLE', 'Too much is being sent at once. Try again later.', { retryAfterSeconds: 1 });

const incomplete = () => new Error('the connection ended before the body did');

function send(response: ServerResponse, { status, headers, body }: Answer, connection: 'keep' | 'close'): void {
  const sent: Record<string, string | number> = joined(headers);
  if (status !== 204) sent['content-length'] = Buffer.byteLength(body);
  if (connection === 'close') sent['connection'] = connection;
  response.writeHead(status, sent);
  response.end(body);
}

type Address = Required<Pick<ListenOptions, 'port' | 'host' | 'portVariable'>>;

const bind = (server: Server, address: Address) =>
  new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(new StartupError(reasonFor(error, address), { cause: error }));
    });
    server.listen(address.port, address.host, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });

function reasonFor({ code, message }: NodeJS.ErrnoException, { port, host, portVariable }: Address): string {
  if (code === 'EADDRINUSE')
    return `Port ${port} is in use on ${host}: stop what listens there, or set ${portVariable}.`;
  return `Cannot listen on ${host} port ${port}: ${message}`;
}

async function close(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(timer);
}
