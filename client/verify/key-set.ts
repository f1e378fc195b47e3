import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from 'jose';
import { BillingOSError } from '../errors.ts';

export interface KeySetOptions {
  readonly fetch: typeof fetch | undefined;
  readonly clock: { now(): number };
}

const freshMs = 10 * 60_000;
const cooldownMs = 30_000;
/** No token that was issued before an outage lives longer than that. */
const longestOutageMs = 24 * 60 * 60_000;

/**
 * The public keys of one issuer (RFC 7517): read when a key is needed, again when ten minutes have passed or a key is not
 * among them, and never twice within 30 seconds, whether that succeeded or not. While they cannot be read, those that were
 * read last count for 24 hours; without such keys, or for a key that is not among them, it is UNAVAILABLE.
 */
export function createKeySet(issuer: string, { fetch: send, clock }: KeySetOptions): JWTVerifyGetKey {
  // jose asks, checks the answer and finds the key. When to ask is decided here: it knows nothing of outages.
  const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`), {
    cacheMaxAge: Infinity,
    cooldownDuration: Infinity,
    ...(send && { [customFetch]: send }),
  });
  let readAtMs = -Infinity;
  let lastAsk = { atMs: -Infinity, outcome: Promise.resolve() };

  /** How long ago that was: too long, if the clock was set back since. */
  function sinceMs(atMs: number, tooLongMs: number): number {
    const ageMs = clock.now() - atMs;
    return ageMs < 0 ? tooLongMs : ageMs;
  }

  const ageMs = () => sinceMs(readAtMs, freshMs);

  /** What came of the last time, while that is short ago. */
  function ask(): Promise<void> {
    if (sinceMs(lastAsk.atMs, cooldownMs) >= cooldownMs) lastAsk = { atMs: clock.now(), outcome: read() };
    return lastAsk.outcome;
  }

  async function read(): Promise<void> {
    try {
      await keys.reload();
    } catch (cause) {
      throw new BillingOSError('UNAVAILABLE', `The public keys of ${issuer} cannot be read.`, { cause });
    }
    readAtMs = clock.now();
  }

  return async (header, jws) => {
    if (ageMs() >= freshMs) {
      await ask().catch((error: unknown) => {
        if (ageMs() >= longestOutageMs) throw error;
      });
    }
    try {
      return await keys(header, jws);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await ask();
      return keys(header, jws);
    }
  };
}
