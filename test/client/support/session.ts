import type { Host } from '../../../client/session/host.ts';
import { readAnswer } from '../../../client/session/read.ts';
import { createSession } from '../../../client/session/session.ts';
import { sourceOf, type TokenOptions } from '../../../client/token-options.ts';

/** A session as the client makes it, without urql and the wire. */
export const sessionOf = (options: TokenOptions, host: Host) =>
  createSession({
    source: sourceOf(() => options, host),
    initial: options.initialSession,
    read: (answer) => readAnswer(answer),
    host,
  });
