import { createHash } from 'node:crypto';
import type { Caller } from '../schema/context.ts';
import type { Environment } from '../schema/environment.ts';
import type { ErrorCode } from '../schema/error-codes.ts';
import { ApiError } from '../schema/errors.ts';
import { networkOf } from './http/network.ts';
import type { RateLimits } from './http/rate-limit.ts';
import type { LastUsed } from './last-used.ts';
import type { Metrics } from './metrics.ts';
import { environmentOfSecretKey, isWellFormedSecretKey } from './secret-key.ts';
import type { SecretKeys } from './secret-keys.ts';
import type { AcceptToken } from './token/accept.ts';
import { untrusted, wrongEnvironment } from './token/credential-error.ts';
import { createTurns } from './turns.ts';

interface AuthenticateOptions {
  readonly secretKeys: Pick<SecretKeys, 'digestOf' | 'find' | 'isInUse'>;
  readonly acceptToken: AcceptToken;
  readonly lastUsed: Pick<LastUsed, 'note'>;
  readonly rateLimits: RateLimits;
  readonly metrics: Pick<Metrics, 'credentialRefused'>;
  readonly endpoints: Readonly<Record<Environment, string>>;
}

export interface Credential {
  /** The value of the one `Authorization` header; `null` when there is none. */
  readonly authorization: string | null;
  readonly environment: Environment;
  /** The caller's network address: what is not accepted counts for it. */
  readonly address: string;
}

export type Authenticate = (credential: Credential) => Promise<Caller>;

/** RFC 6750, section 2.1. */
const bearerPattern = /^Bearer ([\w.~+/=-]+)$/i;

/** The credential of an `Authorization` header; `undefined` when it is not of the Bearer form. */
const bearerOf = (authorization: string): string | undefined => bearerPattern.exec(authorization)?.[1];

/**
 * Turns a credential into a caller. A bad one makes an anonymous caller who carries the reason. Throws RATE_LIMITED for
 * whoever has used up a limit, so that no more work is done for it.
 */
export function createAuthenticate(options: AuthenticateOptions): Authenticate {
  const { secretKeys, acceptToken, lastUsed, rateLimits, metrics, endpoints } = options;
  // A burst cannot be quicker than the count of its failures.
  const inTurn = createTurns();

  async function merchantOf(secretKey: string, { environment, address }: Credential): Promise<Caller> {
    const claimed = environmentOfSecretKey(secretKey);
    if (claimed && claimed !== environment) throw wrongEnvironment(claimed, endpoints[claimed]);

    const digest = secretKeys.digestOf(secretKey);
    const record = secretKeys.isInUse(digest)
      ? await secretKeys.find(digest)
      : await inTurn(networkOf(address), () => lookUp(secretKey, digest, address));
    // A key of one environment cannot carry the other's prefix, its checksum covers it; the row decides all the same.
    if (record?.environment !== environment) throw untrusted();
    await rateLimits.countSecretKey(record.id);
    return { kind: 'merchant', merchantId: record.merchantId, environment, keyId: record.id };
  }

  /** An address that keeps failing gets no more looks into the database; keys in use go on working from there. */
  async function lookUp(secretKey: string, digest: string, address: string) {
    await rateLimits.refuseAfterFailures(address);
    const record = isWellFormedSecretKey(secretKey) ? await secretKeys.find(digest) : null;
    if (!record) await rateLimits.countFailure(address);
    return record;
  }

  async function customerOf(token: string, { environment }: Credential): Promise<Caller> {
    const claims = await acceptToken(token, environment).catch((error: unknown) => countOver(token, error));
    await rateLimits.countCustomer(claims.customerId);
    lastUsed.note(claims);
    const { merchantId, customerId, sessionId, operations } = claims;
    return { kind: 'customer', merchantId, environment, customerId, sessionId, operations };
  }

  /** Clients send each a token that is over, and get another one: that counts for nobody but who sends it again and again. */
  async function countOver(token: string, error: unknown): Promise<never> {
    if (hasCode(error, 'TOKEN_EXPIRED', 'TOKEN_REVOKED')) {
      await rateLimits.countCustomer(createHash('sha256').update(token).digest('base64url'));
    }
    throw error;
  }

  async function anonymous(address: string, refusal: ApiError | undefined): Promise<Caller> {
    if (!refusal || hasCode(refusal, 'UNAUTHENTICATED', 'WRONG_ENVIRONMENT')) await rateLimits.countStranger(address);
    return { kind: 'anonymous', refusal };
  }

  return async (credential) => {
    const { authorization, address } = credential;
    if (authorization === null) return anonymous(address, undefined);
    const bearer = bearerOf(authorization);
    try {
      if (bearer === undefined) throw untrusted();
      return await (bearer.startsWith('sk_') ? merchantOf(bearer, credential) : customerOf(bearer, credential));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      metrics.credentialRefused(credential.environment, kindOf(bearer), error.code);
      if (error.code === 'RATE_LIMITED') throw error;
      return anonymous(address, error);
    }
  };
}

function kindOf(bearer = ''): 'token' | 'secret_key' | 'none_of_ours' {
  if (bearer.startsWith('sk_')) return 'secret_key';
  return bearer.startsWith('bos_session_') ? 'token' : 'none_of_ours';
}

const hasCode = (error: unknown, ...codes: readonly ErrorCode[]) =>
  error instanceof ApiError && codes.includes(error.code);
