import type { Clock } from './host.ts';
import type { TokenClaims } from './token.ts';

/** A moment on both clocks. */
export interface Instant {
  readonly monotonicMs: number;
  readonly calendarMs: number;
}

/** What a token is good for. */
interface TokenTerms {
  readonly claims: TokenClaims;
  /** Where it may be sent. */
  readonly endpoint: string;
  readonly lifetimeMs: number;
}

/** How long one token counts, measured on this machine from when it was asked for. Does not show the token. */
export interface TokenLife extends TokenTerms {
  readonly since: Instant;
}

/** A token as its source gave it. */
export interface FreshToken extends TokenTerms {
  readonly token: string;
}

export interface HeldToken {
  readonly token: string;
  readonly life: TokenLife;
}

export const instantOf = (clock: Clock): Instant => ({
  monotonicMs: clock.monotonicMs(),
  calendarMs: clock.calendarMs(),
});

/** Whether it is the same token again, or was issued before; one of another customer never is. */
export function isNoRenewal({ token, life: { claims } }: HeldToken, before: HeldToken | undefined) {
  const last = before?.life.claims;
  return (
    token === before?.token || (claims.customerId === last?.customerId && claims.issuedAtSeconds < last.issuedAtSeconds)
  );
}

/** What is left by the clock that nobody can set: a calendar that jumps must not cost a token that still counts. */
export const surelyRemainingMs = ({ since, lifetimeMs }: TokenLife, now: Instant): number =>
  lifetimeMs - (now.monotonicMs - since.monotonicMs);

/** What is left by the later of both clocks, since one may have slept. Good for asking early, not for throwing away. */
export const remainingMs = (life: TokenLife, now: Instant): number =>
  Math.min(surelyRemainingMs(life, now), life.lifetimeMs - (now.calendarMs - life.since.calendarMs));
