import { BillingOSError } from '../errors.ts';
import type { CreateSessionInput } from '../generated.ts';
import { redact } from '../node/redact.ts';
import type { CallOptions } from '../node/request.ts';
import { isRetryable } from '../node/retry.ts';
import type { CreatedSession } from '../node/session.ts';

/** `Request` is what the framework hands over. */
export interface SessionHandlerOptions<Request> {
  /** A `BillingOS`. */
  readonly billingos: {
    createSessionToken(
      input: CreateSessionInput,
      call: CallOptions,
    ): Promise<Pick<CreatedSession, 'sessionToken' | 'expiresAt' | 'expiresIn'>>;
  };
  /**
   * Your own login: who sent this request? `null` or `undefined` when nobody is logged in. Take the ids from the login,
   * never from the request's body or query: whoever this names gets a token. What a session may be given besides
   * (`expiresIn`, `allowedOperations`, `metadata`) is returned with the user.
   */
  readonly authenticate: (
    request: Request,
  ) => CreateSessionInput | null | undefined | Promise<CreateSessionInput | null | undefined>;
  /** Told about every failure that is answered with 500 or 503. By default one line on the console says what failed. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Retries included: the browser's own patience ends after ten seconds, and an answer must still find its way back. */
const longestCallMs = 8_000;
const tooLate = 'No session could be created within eight seconds.';

/** An answer of the session endpoint, before a framework sends it. */
export interface EndpointAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: EndpointAnswerBody;
}

type EndpointAnswerBody =
  | { readonly sessionToken: string; readonly expiresAt: string; readonly expiresIn: number }
  | { readonly code: string; readonly message: string };

/** Options as a plain script may hand them over. Throws a TypeError at the start, not at the first request. */
export function checkOptions({ billingos, authenticate }: Partial<SessionHandlerOptions<never>>): void {
  if (typeof billingos?.createSessionToken !== 'function') throw new TypeError('billingos must be a BillingOS.');
  if (typeof authenticate !== 'function') {
    throw new TypeError('authenticate must be a function that says who is logged in.');
  }
}

/**
 * What a merchant's session endpoint answers: the one rule behind the handlers of all frameworks. Never rejects.
 *
 * GET is as safe as POST here: without CORS headers no other origin can read the answer, and nothing of the request but
 * what `authenticate` makes of it decides who the session is for. `gone` says that nobody waits for the answer any more.
 */
export async function answerSessionRequest<Request>(
  { billingos, authenticate, onError }: SessionHandlerOptions<Request>,
  method: string,
  request: Request,
  gone: AbortSignal,
): Promise<EndpointAnswer> {
  if (method !== 'GET' && method !== 'POST') {
    return answer(405, { code: 'METHOD_NOT_ALLOWED', message: 'Use GET or POST.' }, { allow: 'GET, POST' });
  }
  try {
    const user = await authenticate(request);
    return user ? await issue(billingos, user, onError, gone) : nobody;
  } catch (error) {
    report(error, 'authenticate', onError);
    return broken;
  }
}

async function issue(
  billingos: SessionHandlerOptions<never>['billingos'],
  user: CreateSessionInput,
  onError: SessionHandlerOptions<never>['onError'],
  gone: AbortSignal,
): Promise<EndpointAnswer> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new BillingOSError('TIMEOUT', tooLate)), longestCallMs);
  try {
    const signal = AbortSignal.any([gone, late.signal]);
    const { sessionToken, expiresAt, expiresIn } = await billingos.createSessionToken(user, { signal });
    return answer(200, { sessionToken, expiresAt: expiresAt.toISOString(), expiresIn });
  } catch (error) {
    // Whoever left reads no answer, and that they left is no failure.
    if (gone.aborted) return unavailable();
    report(error, 'createSessionToken', onError);
    return isRetryable(error) ? unavailable(error.retryAfterSeconds) : broken;
  } finally {
    clearTimeout(timer);
  }
}

const answer = (
  status: number,
  body: EndpointAnswerBody,
  headers: Readonly<Record<string, string>> = {},
): EndpointAnswer => ({ status, headers: { 'cache-control': 'no-store', vary: 'Cookie', ...headers }, body });

const nobody = answer(401, { code: 'UNAUTHENTICATED', message: 'Nobody is logged in.' });

// The reason is for the merchant's eyes: the browser learns only whether trying again is worth it.
const broken = answer(500, { code: 'INTERNAL_SERVER_ERROR', message: 'The session could not be created.' });

const unavailable = (retryAfterSeconds = 5) =>
  answer(
    503,
    { code: 'UNAVAILABLE', message: 'Billing cannot be reached at the moment.' },
    { 'retry-after': String(retryAfterSeconds) },
  );

type Thrower = 'authenticate' | 'createSessionToken';

/** An observer that throws changes no answer. */
function report(error: unknown, thrower: Thrower, onError: SessionHandlerOptions<never>['onError']): void {
  try {
    if (onError) onError(error);
    else log(error, thrower);
  } catch {
    // Nobody is left to tell.
  }
}

function log(error: unknown, thrower: Thrower): void {
  // oxlint-disable-next-line no-console -- A session endpoint that fails in silence cannot be repaired.
  console.error(`BillingOS session endpoint: ${reasonOf(error, thrower)}`);
}

/** Of an error of the merchant's own code only the name: its message may hold anything. */
function reasonOf(error: unknown, thrower: Thrower): string {
  const name = error instanceof Error ? error.name : typeof error;
  if (name !== 'BillingOSError') return `${name} thrown by ${thrower}. Pass onError to see more.`;
  const { code, message, requestId } = error as BillingOSError;
  return redact(`${code}: ${message.replaceAll(/\s+/g, ' ')}${requestId ? ` (request ${requestId})` : ''}`);
}
