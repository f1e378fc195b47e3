/** What `node:http`, and so Express and Fastify, answer with: as much of it as tells whether somebody still listens. */
export interface ClosableResponse {
  readonly destroyed?: boolean | undefined;
  once(event: 'close', listener: () => void): unknown;
}

/** Aborted as soon as the connection is closed; after the answer was sent as well, when nobody listens any more. */
export function goneSignalOf(response: ClosableResponse): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  // What waited before it came here may have waited too long: then `close` is over.
  if (response.destroyed) gone.abort();
  return gone.signal;
}
