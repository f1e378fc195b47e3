import { once } from 'node:events';
import { Agent, createServer, type IncomingHttpHeaders, request as ask } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';

export interface Balancer {
  readonly url: string;
  /** Why requests could not be passed on. */
  readonly failures: readonly string[];
  /** The ports of the processes that there are. */
  use(ports: readonly number[]): void;
  close(): Promise<void>;
}

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const checkEveryMs = 250;

/**
 * A load balancer like any: it keeps connections, asks each process whether it is ready, and goes to the next one only when
 * it cannot connect. A request that may have arrived is never sent twice.
 */
export async function startBalancer(): Promise<Balancer> {
  const agent = new Agent({ keepAlive: true });
  let ports: readonly number[] = [];
  let ready: readonly number[] = [];
  let turn = 0;

  const over = new AbortController();
  const failures: string[] = [];

  async function keepChecking() {
    while (!over.signal.aborted) {
      const states = await Promise.all(ports.map(async (port) => ((await isReady(port)) ? [port] : [])));
      ready = states.flat();
      await delay(checkEveryMs);
    }
  }
  const checking = keepChecking();

  function send(port: number, { method, path, headers, body }: Sent) {
    const asked = ask({ host: '127.0.0.1', port, method, path, headers, agent });
    asked.end(body);
    return once(asked, 'response');
  }

  async function forward(sent: Sent) {
    const first = turn++;
    const known = ready.length > 0 ? ready : ports;
    for (let tries = 0; tries < known.length; tries++) {
      try {
        return await send(known[(first + tries) % known.length] ?? 0, sent);
      } catch (error) {
        if (!isUnconnected(error)) throw error;
      }
    }
    throw new Error('nobody listens');
  }

  const server = createServer((request, response) => {
    const answer = async () => {
      const { method = 'GET', url: path = '/', headers } = request;
      const [upstream] = await forward({ method, path, headers, body: await buffer(request) });
      const { connection: _ofTheHop, ...passedOn } = upstream.headers;
      response.writeHead(upstream.statusCode, passedOn);
      upstream.pipe(response);
    };
    answer().catch((error: unknown) => {
      failures.push(String(error));
      response.writeHead(502).end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    failures,
    use: (known) => void (ports = known),
    async close() {
      over.abort();
      await checking;
      agent.destroy();
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Refused, or reset while it waited to be accepted: nothing was sent on it. */
const isUnconnected = (error: unknown) => error instanceof Error && 'syscall' in error && error.syscall === 'connect';

const isReady = (port: number) =>
  fetch(`http://127.0.0.1:${port}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );
