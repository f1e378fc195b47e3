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
    throw new BillingOSError('SECRET_KEY_IN_BROWSER', 'A secret key must not leave your server: roll it.');
  }
  const [, environment, payload = ''] = shape.exec(token) ?? [];
  const {
    env,
    iss: issuer,
    sub: customerId,
    sid: sessionId,
    iat,
    exp,
  } = parseObject(payload.replaceAll('-', '+').replaceAll('_', '/'), atob) ?? {};
  const isText = [issuer, customerId, sessionId].every((claim) => typeof claim === 'string');
  if (!isText || env !== environment || typeof iat !== 'number' || typeof exp !== 'number' || exp <= iat) {
    throw new BillingOSError('INVALID_TOKEN', 'This is no session token.');
  }
  return { environment, issuer, customerId, sessionId, issuedAtSeconds: iat, expiresAtSeconds: exp } as TokenClaims;
}
