import { once } from 'node:events';
import { connect } from 'node:net';
import { type Listener, listen } from '../../server/http/listener.ts';
import type { Harness } from './harness.ts';

/** The harness's app behind a real listener on a free port of the loopback interface. */
export const listenFor = (harness: Harness, trustedProxies: readonly string[] = []): Promise<Listener> =>
  listen({ fetch: harness.app.fetch, door: harness.app.door, port: 0, host: '127.0.0.1', trustedProxies });

export interface RawAnswer {
  readonly status: number;
  /** As they came, in lower case: also those that a client would merge or hide. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  readonly text: string;
}

/** Sends exactly these bytes, and reads until the server ends the connection. */
export async function sendBytes(port: number, bytes: string | Uint8Array): Promise<RawAnswer> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // A server that has answered may reset a connection that still sends: the answer counts.
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  socket.write(bytes);
  await closed;
  return toRawAnswer(Buffer.concat(chunks).toString('latin1'));
}

function toRawAnswer(text: string): RawAnswer {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  return {
    status: Number(statusLine.split(' ')[1]),
    headers: lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
    body: rest.join('\r\n\r\n'),
    text,
  };
}

export const headersNamed = (answer: RawAnswer, name: string): string[] =>
  answer.headers.filter(([known]) => known === name).map(([, value]) => value);

interface RawRequest {
  readonly target?: string;
  /** Whole lines, without their ends. */
  readonly lines?: readonly string[];
  readonly query: string;
}

/** A GraphQL request as bytes, with header lines of the test's own. */
export function graphqlBytes({ target = '/sandbox/graphql', lines = [], query }: RawRequest): Buffer {
  const body = JSON.stringify({ query });
  const head = [
    `POST ${target} HTTP/1.1`,
    'Host: localhost',
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...lines,
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), Buffer.from(body)]);
}
