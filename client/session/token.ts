import { BillingOSError } from '../errors.ts';

/** What a session token says about itself. Read, never verified: the service checks it on every call. */
export interface TokenClaims {
  readonly environment: 'test' | 'live';
  /** Where it was issued, and where it counts: an absolute URL. */
  readonly issuer: string;
  readonly customerId: string;
  readonly sessionId: string;
  readonly issuedAtSeconds: number;
  readonly expiresAtSeconds: number;
}

const shape = /^bos_session_(test|live)_[\w-]+\.([\w-]+)\.[\w-]+$/;

/** @throws {BillingOSError} SECRET_KEY_IN_BROWSER for a secret key, INVALID_TOKEN for anything else that is no session token. */
export function readToken(token: string): TokenClaims {
  if (/^\s*sk_/.test(token)) {
    throw new BillingOSError('SECRET_KEY_IN_BROWSER', 'This is a secret key: roll it, it must not leave your server.');
  }
  const [, environment, payload = ''] = shape.exec(token) ?? [];
  const { env, iss: issuer, sub: customerId, sid: sessionId, iat, exp } = claimsIn(payload);
  const isText = [issuer, customerId, sessionId].every((claim) => typeof claim === 'string');
  if (!isText || env !== environment || typeof iat !== 'number' || typeof exp !== 'number' || exp <= iat) {
    throw new BillingOSError('INVALID_TOKEN', 'This is not a session token, or not all of it.');
  }
  return { environment, issuer, customerId, sessionId, issuedAtSeconds: iat, expiresAtSeconds: exp } as TokenClaims;
}

function claimsIn(base64url: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(atob(base64url.replaceAll('-', '+').replaceAll('_', '/')))) as Record<string, unknown>;
  } catch {
    return {};
  }
}
