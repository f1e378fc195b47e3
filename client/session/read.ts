import { endpointOf, type Endpoints } from '../endpoint.ts';
import { BillingOSError } from '../errors.ts';
import type { FreshToken } from './life.ts';
import type { SessionAnswer } from './source.ts';
import { readToken } from './token.ts';

/**
 * What came, whatever its type promised. Its life is the shorter of what came with it and what the token itself says.
 * @throws {BillingOSError} SIGNED_OUT for `null`, SESSION_ENDPOINT_FAILED, INVALID_TOKEN, SECRET_KEY_IN_BROWSER, INVALID_ENDPOINT.
 */
export function readAnswer(answer: SessionAnswer | string | null, endpoints?: Endpoints): FreshToken {
  if (answer === null) throw new BillingOSError('SIGNED_OUT', 'Nobody is logged in.');
  const { sessionToken, expiresIn } = (
    typeof answer === 'string' ? { sessionToken: answer } : Object(answer)
  ) as Record<string, unknown>;
  if (typeof sessionToken !== 'string') {
    throw new BillingOSError('SESSION_ENDPOINT_FAILED', 'The answer has no sessionToken.');
  }
  const claims = readToken(sessionToken);
  const issuedForSeconds = claims.expiresAtSeconds - claims.issuedAtSeconds;
  const isStated = typeof expiresIn === 'number' && expiresIn > 0;
  const lifetimeMs = 1000 * (isStated ? Math.min(expiresIn, issuedForSeconds) : issuedForSeconds);
  return { token: sessionToken, claims, endpoint: endpointOf(claims, endpoints), lifetimeMs };
}
