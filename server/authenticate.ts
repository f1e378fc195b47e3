import type { Caller } from '../schema/context.ts';
import type { Environment } from '../schema/environment.ts';
import { ApiError } from '../schema/errors.ts';
import type { RateLimits } from './http/rate-limit.ts';
import type { LastUsed } from './last-used.ts';
import type { Metrics } from './metrics.ts';
import { environmentOfSecretKey, isWellFormedSecretKey } from './secret-key.ts';
import type { SecretKeys } from './secret-keys.ts';
import type { AcceptToken } from './token/accept.ts';
import { untrusted, wrongEnvironment } from './token/credential-error.ts';
import { createTurns } from './turns.ts';

interface AuthenticateOptions {
  readonly secretKeys: Pick<SecretKeys, 'find' | 'isInUse'>;
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
  /** The caller's network address, for counting failures. */
  readonly address: string;
}

export type Authenticate = (credential: Credential) => Promise<Caller>;

/** RFC 6750, section 2.1. */
const bearerPattern = /^Bearer ([\w.~+/=-]+)$/i;

/** The credential of an `Authorization` header; `undefined` when it is not of the Bearer form. */
export const bearerOf = (authorization: string): string | undefined => bearerPattern.exec(authorization)?.[1];

/** Turns a credential into a caller. A bad one makes an anonymous caller who carries the reason. */
export function createAuthenticate(options: AuthenticateOptions): Authenticate {
  const { secretKeys, acceptToken, lastUsed, rateLimits, metrics, endpoints } = options;
  // A burst cannot be quicker than the count of its failures.
  const inTurn = createTurns();

  async function merchantOf(secretKey: string, { environment, address }: Credential): Promise<Caller> {
    const claimed = environmentOfSecretKey(secretKey);
    if (claimed && claimed !== environment) throw wrongEnvironment(claimed, endpoints[claimed]);

    const record = secretKeys.isInUse(secretKey)
      ? await secretKeys.find(secretKey)
      : await inTurn(address, () => lookUp(secretKey, address));
    // A key of one environment cannot carry the other's prefix, its checksum covers it; the row decides all the same.
    if (record?.environment !== environment) throw untrusted();
    await rateLimits.countRequest(record.id);
    return { kind: 'merchant', merchantId: record.merchantId, environment, keyId: record.id };
  }

  /** An address that keeps failing gets no more looks into the database; keys in use go on working from there. */
  async function lookUp(secretKey: string, address: string) {
    await rateLimits.refuseAfterFailures(address);
    const record = isWellFormedSecretKey(secretKey) ? await secretKeys.find(secretKey) : null;
    if (!record) await rateLimits.countFailure(address);
    return record;
  }

  async function customerOf(token: string, { environment }: Credential): Promise<Caller> {
    const claims = await acceptToken(token, environment);
    lastUsed.note(claims);
    const { merchantId, customerId, sessionId, operations } = claims;
    return { kind: 'customer', merchantId, environment, customerId, sessionId, operations };
  }

  return async (credential) => {
    if (credential.authorization === null) return { kind: 'anonymous', refusal: undefined };
    const bearer = bearerOf(credential.authorization);
    try {
      if (bearer === undefined) throw untrusted();
      return await (bearer.startsWith('sk_') ? merchantOf(bearer, credential) : customerOf(bearer, credential));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      metrics.credentialRefused(credential.environment, kindOf(bearer), error.code);
      return { kind: 'anonymous', refusal: error };
    }
  };
}

function kindOf(bearer = ''): 'token' | 'secret_key' | 'none_of_ours' {
  if (bearer.startsWith('sk_')) return 'secret_key';
  return bearer.startsWith('bos_session_') ? 'token' : 'none_of_ours';
}
