import {
  CreateSessionDocument,
  IntrospectSessionDocument,
  RevokeSessionDocument,
  RevokeSessionsDocument,
  SessionDocument,
  SessionsDocument,
  type CreateSessionInput,
  type RevokeSessionsBy,
  type SessionFilter,
} from './generated.ts';
import type { Environment } from './node/environment.ts';
import { readOptions, type BillingOSOptions } from './node/options.ts';
import { createRequest, type CallOptions, type Request } from './node/request.ts';
import { environmentOf } from './node/secret-key.ts';
import {
  createSessionList,
  customerOf,
  sessionOf,
  type CreatedSession,
  type Session,
  type SessionIntrospection,
  type SessionList,
} from './node/session.ts';

export { BillingOSError, type BillingOSErrorCode } from './errors.ts';
export type { CreateSessionInput, RevokeSessionsBy, SessionFilter } from './generated.ts';
export { expressSessionHandler } from './handlers/express.ts';
export { fastifySessionHandler } from './handlers/fastify.ts';
export { createSessionHandler } from './handlers/web.ts';
export type { SessionHandlerOptions } from './handlers/session-answer.ts';
export type { Environment } from './node/environment.ts';
export type { BillingOSOptions } from './node/options.ts';
export type { CallOptions } from './node/request.ts';
export type {
  CreatedSession,
  Customer,
  Session,
  SessionIntrospection,
  SessionList,
  SessionPage,
  SessionPageRequest,
} from './node/session.ts';

/**
 * The service as a merchant's server sees it. Every method rejects with a BillingOSError (docs/errors.md), or with the
 * reason of the signal that ended it.
 *
 * Failures that may pass are tried again: no connection, no answer in time, 429 and 5xx. All methods are safe to repeat:
 * queries change nothing, what is revoked stays revoked, and a `createSession` whose answer was lost leaves a session
 * whose token nobody has.
 */
export class BillingOS {
  /** Where this key counts. */
  readonly environment: Environment;
  readonly #request: Request;

  /** Throws a TypeError when an option is wrong, and SECRET_KEY_IN_BROWSER where there is a page. */
  constructor(options: BillingOSOptions) {
    const read = readOptions(options);
    this.environment = environmentOf(read.secretKey);
    this.#request = createRequest(read);
  }

  /** Issues a short-lived token for the user who is logged in. Authenticate that user first. */
  async createSessionToken(input: CreateSessionInput, call?: CallOptions): Promise<CreatedSession> {
    const { createSession } = await this.#request(CreateSessionDocument, { input }, call);
    return {
      sessionToken: createSession.sessionToken,
      expiresAt: new Date(createSession.expiresAt),
      expiresIn: createSession.expiresIn,
      session: sessionOf(createSession.session),
      customer: customerOf(createSession.customer),
    };
  }

  /** Ends one session now. Rejects with NOT_FOUND when there is no such session of yours. */
  async revokeSession(id: string, call?: CallOptions): Promise<Session> {
    const { revokeSession } = await this.#request(RevokeSessionDocument, { id }, call);
    return sessionOf(revokeSession);
  }

  /** Ends all sessions of a customer, an organization, a key, or all there are. */
  async revokeSessions(by: RevokeSessionsBy, call?: CallOptions): Promise<{ revokedCount: number }> {
    const { revokeSessions } = await this.#request(RevokeSessionsDocument, { by }, call);
    return revokeSessions;
  }

  /** One session, or `null` when there is no such session of yours. */
  async session(id: string, call?: CallOptions): Promise<Session | null> {
    const { session } = await this.#request(SessionDocument, { id }, call);
    return session && sessionOf(session);
  }

  /** Sessions, newest first; nothing is asked before the list is used. */
  listSessions(filter?: SessionFilter, call?: CallOptions): SessionList {
    return createSessionList(async ({ first, after }) => {
      const { sessions } = await this.#request(SessionsDocument, { first, after, filter }, call);
      return sessions;
    });
  }

  /** Whether a session token counts at this moment, revocation included. */
  async introspectSession(token: string, call?: CallOptions): Promise<SessionIntrospection> {
    const { introspectSession } = await this.#request(IntrospectSessionDocument, { token }, call);
    const { active, session } = introspectSession;
    return active && session ? { active, session: sessionOf(session) } : { active: false };
  }
}
