import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createServerAdapter } from '@whatwg-node/server';
import proxyAddress from 'proxy-addr';
import { StartupError } from '../startup-error.ts';
import type { Handler } from './frame.ts';
import { isHealthPath } from './health.ts';

interface ListenOptions {
  readonly fetch: Handler;
  readonly port: number;
  readonly host: string;
  /** Whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
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
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 15_000;
/** Longer than load balancers keep theirs, so that none sends a request into a connection that is being closed. */
const keepAliveTimeoutMs = 65_000;
const maxConnections = 10_000;
/** Nobody sends requests here any more. */
const quietMs = 1_000;
const quietCheckMs = 50;
const quietChecks = quietMs / quietCheckMs;

export async function listen({ fetch, port, host, trustedProxies }: ListenOptions): Promise<Listener> {
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
    toRequestListener(
      async (request, connection) => {
        const answer = await fetch(request, connection);
        // Its client would send the next request into a connection that is about to be closed.
        if (isDraining || !server.listening) answer.headers.set('connection', 'close');
        return answer;
      },
      proxyAddress.compile([...trustedProxies]),
    ),
  );
  server.maxConnections = maxConnections;
  server.prependListener('request', ({ url }) => {
    // Who asks for our health is no client to wait for.
    if (!isHealthPath(url)) askedAt = performance.now();
  });
  await bind(server, port, host);
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

function toRequestListener(fetch: Handler, isTrusted: ReturnType<typeof proxyAddress.compile>): RequestListener {
  const adapter = createServerAdapter<{ req: IncomingMessage }>((request, { req }) =>
    fetch(request, { address: proxyAddress(req, isTrusted) }),
  );
  return (request, response) => {
    // Node keeps the first of two and forgets the other; whoever sends two means to be understood differently by two readers.
    if ((request.headersDistinct['authorization']?.length ?? 0) > 1) {
      response.writeHead(400, { 'content-type': 'application/json', connection: 'close' });
      response.end('{"errors":[{"message":"Send one Authorization header.","extensions":{"code":"INVALID_INPUT"}}]}');
      return;
    }
    // The path alone says what is asked for. A Host that is none breaks the URL, and one with a path in it leads elsewhere.
    request.headers.host = 'localhost';
    void adapter(request, response);
  };
}

const bind = (server: Server, port: number, host: string) =>
  new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(new StartupError(reasonFor(error, port, host), { cause: error }));
    });
    server.listen(port, host, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });

function reasonFor({ code, message }: NodeJS.ErrnoException, port: number, host: string): string {
  if (code === 'EADDRINUSE') return `Port ${port} is in use on ${host}: stop what listens there, or set PORT.`;
  return `Cannot listen on ${host} port ${port}: ${message}`;
}

async function close(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(timer);
}
