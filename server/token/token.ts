import { errors, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { type Environment, environments } from '../../schema/environment.ts';
import {
  type CustomerId,
  isCustomerId,
  isKeyId,
  isMerchantId,
  isSessionId,
  type KeyId,
  type MerchantId,
  type SessionId,
} from '../../schema/id.ts';
import { type OperationSet, sessionOperations } from '../../schema/operation.ts';
import type { Clock } from '../clock.ts';
import { tokenExpired, untrusted, wrongEnvironment } from './credential-error.ts';
import type { KeyRing } from './key-ring.ts';
import { signingAlgorithm, type SigningKey, tokenType } from './signing-key.ts';

/** What a session token says. It carries no e-mail address and no metadata. */
export interface SessionClaims {
  readonly merchantId: MerchantId;
  readonly environment: Environment;
  readonly customerId: CustomerId;
  /** Its first 48 bits are the millisecond of issue: finer than `iat`, for revocations. */
  readonly sessionId: SessionId;
  /** The secret key that created the session. */
  readonly keyId: KeyId;
  readonly operations: OperationSet;
  readonly issuedAtSeconds: number;
  readonly expiresAtSeconds: number;
}

export interface Tokens {
  sign(claims: SessionClaims): Promise<string>;
  /** Throws the ApiError of the first fault. Whether the session was revoked is another question. */
  verify(token: string, environment: Environment): Promise<SessionClaims>;
  /** Whether its signature held before, not long ago. */
  remembers(token: string): boolean;
}

interface TokensOptions {
  readonly keyRing: Pick<KeyRing, 'signer' | 'published' | 'isFresh' | 'refresh'>;
  /** The issuer of each environment: the URL that `/graphql` and `/.well-known/jwks.json` follow. */
  readonly issuers: Readonly<Record<Environment, string>>;
  readonly clock: Pick<Clock, 'now'>;
}

/** What a token says, and the key whose signature held. */
interface Verified {
  readonly claims: SessionClaims;
  readonly kid: string;
}

const maxTokenLength = 2_048;
const maxLifetimeSeconds = 86_400;
/** Clocks of several processes may differ by this much at the moment of issue. */
const issuedAheadSeconds = 5;
/** About 1 KB each. */
const maxRememberedTokens = 20_000;

export const prefixOf = (environment: Environment) => `bos_session_${environment}_`;

/** The environment that a session token's prefix names; `undefined` when it is no session token. */
export const environmentOfToken = (token: string): Environment | undefined =>
  environments.find((environment) => token.startsWith(prefixOf(environment)));

const payloadSchema = z.object({
  iss: z.string(),
  aud: z.string().refine(isMerchantId),
  sub: z.string().refine(isCustomerId),
  sid: z.string().refine(isSessionId),
  key: z.string().refine(isKeyId),
  env: z.enum(environments),
  scope: z.string().transform(parseScope),
  iat: z.int(),
  exp: z.int(),
});

export function createTokens({ keyRing, issuers, clock }: TokensOptions): Tokens {
  // Keyed by the whole token, which counts in one spelling only: part of one would let other claims ride on a signature.
  const remembered = new LRUCache<string, Verified>({ max: maxRememberedTokens });
  const nowSeconds = () => Math.floor(clock.now() / 1000);

  async function sign(claims: SessionClaims): Promise<string> {
    // With a feed that is cut, what it would sign with may have been dropped.
    if (!keyRing.isFresh()) await keyRing.refresh();
    const jws = keyRing.signer(claims.environment).sign({
      iss: issuers[claims.environment],
      aud: claims.merchantId,
      sub: claims.customerId,
      sid: claims.sessionId,
      key: claims.keyId,
      env: claims.environment,
      scope: claims.operations === 'all' ? '*' : claims.operations.join(' '),
      iat: claims.issuedAtSeconds,
      exp: claims.expiresAtSeconds,
    });
    return prefixOf(claims.environment) + jws;
  }

  async function verify(token: string, environment: Environment): Promise<SessionClaims> {
    const known = remembered.get(token);
    const verified = known?.claims.environment === environment ? known : await verifyFirst(token, environment);
    const { claims, kid } = verified;
    // Whatever was remembered: the key may be gone by now.
    if (!keyRing.published(environment).some((key) => key.kid === kid)) throw untrusted();
    if (claims.expiresAtSeconds <= nowSeconds()) throw tokenExpired();
    if (!known) remembered.set(token, verified);
    return claims;
  }

  async function verifyFirst(token: string, environment: Environment): Promise<Verified> {
    const { jws, key } = openEnvelope(token, environment);
    const claims = await checkSignature(jws, key, environment);
    if (claims.environment !== environment) throw untrusted();
    if (claims.issuedAtSeconds > nowSeconds() + issuedAheadSeconds) throw untrusted();
    if (claims.expiresAtSeconds - claims.issuedAtSeconds > maxLifetimeSeconds) throw untrusted();
    return { claims, kid: key.kid };
  }

  /** Everything that can be refused before the signature is looked at. */
  function openEnvelope(token: string, environment: Environment): { jws: string; key: SigningKey } {
    if (token.length > maxTokenLength) throw untrusted();
    const claimed = environmentOfToken(token);
    if (claimed && claimed !== environment) throw wrongEnvironment(claimed, `${issuers[claimed]}/graphql`);
    if (!claimed) throw untrusted();

    const jws = token.slice(prefixOf(environment).length);
    const segments = jws.split('.');
    const key = keyRing.published(environment).find(({ header }) => header === segments[0]);
    if (segments.length !== 3 || !segments.every(isCanonical) || !key) throw untrusted();
    return { jws, key };
  }

  async function checkSignature(
    jws: string,
    { publicKey }: SigningKey,
    environment: Environment,
  ): Promise<SessionClaims> {
    try {
      const { payload } = await jwtVerify(jws, publicKey, {
        algorithms: [signingAlgorithm],
        typ: tokenType,
        issuer: issuers[environment],
        requiredClaims: ['iss', 'aud', 'sub', 'sid', 'key', 'env', 'scope', 'iat', 'exp'],
        currentDate: new Date(clock.now()),
      });
      return claimsOf(payloadSchema.parse(payload));
    } catch (error) {
      // The code, not the class: jose checks every other claim of its own before the time.
      throw error instanceof errors.JOSEError && error.code === errors.JWTExpired.code ? tokenExpired() : untrusted();
    }
  }

  return { sign, verify, remembers: (token) => remembered.has(token) };
}

/** jose also reads padding, white space and stray bits in the last character: each token counts in one spelling only. */
const isCanonical = (segment: string) =>
  segment.length > 0 && Buffer.from(segment, 'base64url').toString('base64url') === segment;

const claimsOf = (payload: z.output<typeof payloadSchema>): SessionClaims => ({
  merchantId: payload.aud,
  environment: payload.env,
  customerId: payload.sub,
  sessionId: payload.sid,
  keyId: payload.key,
  operations: payload.scope,
  issuedAtSeconds: payload.iat,
  expiresAtSeconds: payload.exp,
});

/** Names that this version does not know allow nothing. */
function parseScope(scope: string): OperationSet {
  if (scope === '*') return 'all';
  const names = scope.split(' ');
  return sessionOperations.filter((operation) => names.includes(operation));
}
