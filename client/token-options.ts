import type { Host } from './session/host.ts';
import { askUrl, type AskForSession, type SessionRequest, type SessionSource } from './session/source.ts';

/** Where session tokens come from: exactly one of three. */
export type TokenOptions =
  | {
      /** Your endpoint that creates session tokens: asked when one is needed, before it ends, and after a refusal. */
      readonly sessionTokenUrl: string;
      readonly sessionTokenRequest?: SessionRequest | undefined;
      readonly getSessionToken?: never;
      readonly sessionToken?: never;
    }
  | {
      /** The same as a function; `null` says that nobody is logged in. */
      readonly getSessionToken: AskForSession;
      readonly sessionTokenUrl?: never;
      readonly sessionTokenRequest?: never;
      readonly sessionToken?: never;
    }
  | {
      /** A token that you renew yourself; `null` while there is none. */
      readonly sessionToken: string | null;
      readonly sessionTokenUrl?: never;
      readonly sessionTokenRequest?: never;
      readonly getSessionToken?: never;
    };

/** Which of the three it is stays as it was at first; what it asks is looked up at each ask. */
export function sourceOf(current: () => TokenOptions, host: Pick<Host, 'fetch'>): SessionSource {
  const { sessionToken } = current();
  if (sessionToken !== undefined) return { kind: 'given', token: sessionToken };
  askOf(current(), host);
  return { kind: 'asked', ask: (signal) => askOf(current(), host)(signal) };
}

function askOf(options: TokenOptions, host: Pick<Host, 'fetch'>): AskForSession {
  if (options.getSessionToken) return options.getSessionToken;
  if (options.sessionTokenUrl) return askUrl(options.sessionTokenUrl, options.sessionTokenRequest ?? {}, host);
  throw new TypeError('Give sessionTokenUrl, getSessionToken or sessionToken.');
}
