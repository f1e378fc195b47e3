import { endpointOf, type Endpoints } from '../endpoint.ts';
import { BillingOSError } from '../errors.ts';
import type { Clock } from './host.ts';
import type { SessionAnswer } from './source.ts';
import { readToken, type TokenClaims } from './token.ts';

/** A moment on both clocks. */
export interface Instant {
  readonly monotonicMs: number;
  readonly calendarMs: number;
}

/** How long one token counts, measured on this machine from when it was asked for. Does not show the token. */
export interface TokenLife {
  readonly claims: TokenClaims;
  readonly endpoint: string;
  readonly lifetimeMs: number;
  readonly since: Instant;
}

export interface HeldToken {
  readonly token: string;
  readonly life: TokenLife;
}

export const instantOf = (clock: Clock): Instant => ({
  monotonicMs: clock.monotonicMs(),
  calendarMs: clock.calendarMs(),
});

/**
 * Takes an answer in place of the token that was held before.
 * @throws {BillingOSError} INVALID_TOKEN, SECRET_KEY_IN_BROWSER, INVALID_ENDPOINT; TOKEN_NOT_RENEWED for the same token or an older one
 * of the same customer.
 */
export function hold(
  answer: SessionAnswer,
  before: HeldToken | undefined,
  since: Instant,
  endpoints?: Endpoints,
): HeldToken {
  const { sessionToken: token, expiresIn } = answer;
  const claims = readToken(token);
  if (before && (token === before.token || isOlder(claims, before.life.claims))) {
    throw new BillingOSError(
      'TOKEN_NOT_RENEWED',
      'The source gave the same token again, or an older one: is it cached?',
    );
  }
  return {
    token,
    life: { claims, endpoint: endpointOf(claims, endpoints), lifetimeMs: lifetimeMsOf(claims, expiresIn), since },
  };
}

const isOlder = (claims: TokenClaims, before: TokenClaims) =>
  claims.customerId === before.customerId && claims.issuedAtSeconds < before.issuedAtSeconds;

/** The shorter of what the answer and what the token say; what is no positive number says nothing. */
function lifetimeMsOf(claims: TokenClaims, expiresInSeconds: unknown): number {
  const issuedForSeconds = claims.expiresAtSeconds - claims.issuedAtSeconds;
  const isStated = typeof expiresInSeconds === 'number' && expiresInSeconds > 0;
  return (isStated ? Math.min(expiresInSeconds, issuedForSeconds) : issuedForSeconds) * 1000;
}

/** What is left by the later of both clocks, since one may have slept. Good for asking early, not for throwing away. */
export function remainingMs({ since, lifetimeMs }: TokenLife, now: Instant): number {
  return lifetimeMs - Math.max(now.monotonicMs - since.monotonicMs, now.calendarMs - since.calendarMs);
}

/** What is left by the clock that nobody can set: a calendar that jumps must not cost a token that still counts. */
export function surelyRemainingMs({ since, lifetimeMs }: TokenLife, now: Instant): number {
  return lifetimeMs - (now.monotonicMs - since.monotonicMs);
}
