import { BillingOSError } from '../errors.ts';
import { parseObject } from './json.ts';

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
      'This is a secret key: it must never leave your server. Roll it now.',
    );
  }
  const [, environment, payload = ''] = shape.exec(token) ?? [];
  const claims = toClaims(parseObject(decode(payload)) ?? {});
  if (!claims || claims.environment !== environment) {
    throw new BillingOSError('INVALID_TOKEN', 'This is not a session token, or not all of it.');
  }
  return claims;
}

function decode(base64url: string): string {
  try {
    return atob(base64url.replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    return '';
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
