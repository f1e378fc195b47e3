import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers every request with one JSON text, and does nothing else: no routing, no limits, no logs. */
export function serveBare(answer: (request: IncomingMessage) => Promise<string> | string): void {
  const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
    void respond();

    async function respond() {
      const body = await answer(request);
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
      response.end(body);
    }
  });
  // In order: a profile is written at the end.
  process.once('SIGTERM', () => process.exit());
  server.listen(0, '127.0.0.1', () => {
    process.stdout.write(`ready on http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
  });
}

/** What the parent handed over. */
export const readTask = (): unknown => JSON.parse(process.argv[2] ?? '{}');

/** Waits for the end of a body, and reads nothing in it. */
export const drained = (request: IncomingMessage): Promise<void> =>
  new Promise((resolve, reject) => {
    request.once('end', resolve).once('error', reject).resume();
  });
