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
    throw new BillingOSError(
      'SECRET_KEY_IN_BROWSER',
      'This is a secret key, not a session token: it must never leave your server. Roll it, and create session tokens there.',
    );
  }
  const match = shape.exec(token);
  const payload = parsePayload(match?.[2]);
  const claims = payload && toClaims(payload);
  if (!claims || payload['env'] !== match?.[1]) {
    throw new BillingOSError(
      'INVALID_TOKEN',
      'This is not a session token: it must start with bos_session_test_ or bos_session_live_, unchanged.',
    );
  }
  return claims;
}

function parsePayload(part: string | undefined): Record<string, unknown> | undefined {
  if (!part) return undefined;
  try {
    const value: unknown = JSON.parse(atob(part.replaceAll('-', '+').replaceAll('_', '/')));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function toClaims({ env, iss, sub, sid, iat, exp }: Record<string, unknown>): TokenClaims | undefined {
  const isClaims =
    (env === 'test' || env === 'live') &&
    typeof iss === 'string' &&
    typeof sub === 'string' &&
    typeof sid === 'string' &&
    typeof iat === 'number' &&
    typeof exp === 'number' &&
    exp > iat;
  if (!isClaims) return undefined;
  return {
    environment: env,
    issuer: iss,
    customerId: sub,
    sessionId: sid,
    issuedAtSeconds: iat,
    expiresAtSeconds: exp,
  };
}
