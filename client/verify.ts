import { base64url, decodeProtectedHeader, errors, jwtVerify } from 'jose';
import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import { BillingOSError } from './errors.ts';
import { issuerOf, type Environment } from './node/environment.ts';
import { createKeySet } from './verify/key-set.ts';

export { BillingOSError, type BillingOSErrorCode } from './errors.ts';
export type { Environment } from './node/environment.ts';

/** An option that is `undefined` counts as left out. */
export interface SessionVerifierOptions {
  /** The address of the service. */
  readonly url: string;
  /** Your own id, `mer_…`: all merchants of one service share its signing keys, and only this tells their tokens apart. */
  readonly merchantId: string;
  /** Whose tokens count; only `live` when left out, so that the sandbox opens no door in production. */
  readonly environments?: readonly Environment[] | undefined;
  /** How far the clocks of the service and of this process may be apart. */
  readonly clockToleranceSeconds?: number | undefined;
  readonly fetch?: typeof fetch | undefined;
  /** Milliseconds since the epoch. */
  readonly clock?: { now(): number } | undefined;
}

export interface VerifiedSession {
  readonly customerId: string;
  readonly sessionId: string;
  readonly merchantId: string;
  readonly environment: Environment;
  /** `all` also means operations that are added later; a list means exactly these. */
  readonly operations: 'all' | readonly string[];
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

const longestToken = 2_048;
const longestLifetimeSeconds = 86_400;
const tokenPattern = /^bos_session_(test|live)_([\w-]+\.[\w-]+\.[\w-]+)$/;
const tokenType = 'bos-session+jwt';
const requiredClaims = ['iss', 'aud', 'sub', 'sid', 'key', 'env', 'scope', 'iat', 'exp'];

/**
 * Makes the function that tells a merchant's other services whose session token they were sent. It asks nobody about a
 * token: only the service's public keys are read, again after ten minutes, and while the service cannot be reached those
 * that were read last count for 24 hours.
 *
 * So it cannot see a revocation: a token that was revoked counts here until it expires. Where that is too long, ask
 * `introspectSession` of `billingos/node`.
 *
 * The function rejects with TOKEN_EXPIRED, WRONG_ENVIRONMENT, UNAUTHENTICATED (everything else about the token), or
 * UNAVAILABLE when there are no keys to check it with. The `cause` of UNAUTHENTICATED says which check failed: for your own
 * log, not for who sent the token. Follows RFC 8725. Throws a TypeError when an option is wrong.
 */
export function createSessionVerifier(options: SessionVerifierOptions): (token: string) => Promise<VerifiedSession> {
  const { merchantId, environments = ['live'], clockToleranceSeconds = 5, clock = { now: () => Date.now() } } = options;
  if (!/^mer_\w+$/.test(merchantId)) throw new TypeError('merchantId must be your own id, mer_….');
  if (environments.length === 0) throw new TypeError('environments must name at least one.');
  if (!environments.every(isEnvironment)) throw new TypeError('environments may name test and live only.');
  const authorities = new Map(
    environments.map((environment) => [environment, authorityOf(environment, options, clock)]),
  );

  return async function verifySessionToken(token) {
    const { environment, jws } = parse(token);
    const authority = authorities.get(environment);
    if (!authority) throw wrongEnvironment(environment, environments);
    checkSpelling(jws);

    const { payload } = await jwtVerify(jws, authority.keyOf, {
      algorithms: ['ES256'],
      typ: tokenType,
      issuer: authority.issuers,
      audience: merchantId,
      requiredClaims,
      maxTokenAge: longestLifetimeSeconds,
      clockTolerance: clockToleranceSeconds,
      currentDate: new Date(clock.now()),
    }).catch(refuse);
    return sessionOf(payload, environment, merchantId);
  };
}

interface Authority {
  readonly issuers: string[];
  readonly keyOf: JWTVerifyGetKey;
}

function authorityOf(
  environment: Environment,
  { url, fetch: send }: SessionVerifierOptions,
  clock: { now(): number },
): Authority {
  const issuer = issuerOf(url, environment);
  // As `url` was written, too: the service says in `iss` what its PUBLIC_URL says, letter by letter.
  const asWritten = url.replace(/\/+$/, '') + issuer.slice(issuerOf(url, 'live').length);
  return { issuers: [issuer, asWritten], keyOf: createKeySet(issuer, { fetch: send, clock }) };
}

/** Prefix first: nothing else is looked at before it is clear whose keys apply. */
function parse(token: string): { environment: Environment; jws: string } {
  const [, environment, jws] = (isText(token) && token.length <= longestToken && tokenPattern.exec(token)) || [];
  if (!isEnvironment(environment) || jws === undefined) throw untrusted('its shape is not that of a session token');
  return { environment, jws };
}

/**
 * One token has one spelling: jose accepts others (unused bits of a last character) and more members of the header
 * (`jwk`, `jku`, `x5u`, `crit`), by which a token could bring its own key.
 */
function checkSpelling(jws: string): void {
  const isCanonical = jws.split('.').every((segment) => isCanonicalBase64url(segment));
  if (!isCanonical) throw untrusted('its base64url has another spelling');
  if (!isOurHeader(jws)) throw untrusted('its header is not that of a session token');
}

function isCanonicalBase64url(segment: string): boolean {
  try {
    return base64url.encode(base64url.decode(segment)) === segment;
  } catch {
    return false;
  }
}

function isOurHeader(jws: string): boolean {
  try {
    const { alg: _checkedByJose, kid, typ, ...others } = decodeProtectedHeader(jws);
    return typeof kid === 'string' && typ === tokenType && Object.keys(others).length === 0;
  } catch {
    return false;
  }
}

function sessionOf(claims: JWTPayload, environment: Environment, merchantId: string): VerifiedSession {
  const { aud, sub, sid, env, scope, iat, exp } = claims;
  const isOurs = typeof aud === 'string' && env === environment;
  const isWhole = isText(sub) && isText(sid) && typeof scope === 'string' && iat !== undefined && exp !== undefined;
  if (!isOurs) throw untrusted('it is for another merchant or environment');
  if (!isWhole) throw untrusted('a claim is not what it must be');
  return {
    customerId: sub,
    sessionId: sid,
    merchantId,
    environment,
    operations: scope === '*' ? 'all' : scope.split(' ').filter((operation) => operation !== ''),
    issuedAt: new Date(iat * 1_000),
    expiresAt: new Date(exp * 1_000),
  };
}

const isEnvironment = (value: unknown): value is Environment => value === 'test' || value === 'live';

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** Only after the signature held does jose look at the time: what is called expired was genuine. */
function refuse(error: unknown): never {
  if (error instanceof BillingOSError) throw error;
  if (error instanceof errors.JWTExpired) throw new BillingOSError('TOKEN_EXPIRED', 'The session token has expired.');
  // Never jose's error itself: it holds the claims.
  throw untrusted(error instanceof errors.JOSEError ? error.message : 'it cannot be read');
}

/** One message for every fault: it must not tell a forger which guard held. The merchant's own log may say it. */
const untrusted = (reason: string) =>
  new BillingOSError('UNAUTHENTICATED', 'The session token is not one that can be trusted.', {
    cause: new Error(`Refused: ${reason}`),
  });

const wrongEnvironment = (environment: Environment, accepted: readonly Environment[]) =>
  new BillingOSError(
    'WRONG_ENVIRONMENT',
    `The session token is of the ${environment} environment; accepted here: ${accepted.join(', ')} (option environments).`,
  );
