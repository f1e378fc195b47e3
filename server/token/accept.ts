import type { Environment } from '../../schema/environment.ts';
import { type Metrics, unmeasured } from '../metrics.ts';
import type { KeyRing } from './key-ring.ts';
import type { Revocations } from './revocations.ts';
import type { SessionClaims, Tokens } from './token.ts';

/** What the token says, once it is sure that it counts now. Throws the ApiError of the first fault. */
export type AcceptToken = (token: string, environment: Environment) => Promise<SessionClaims>;

interface AcceptTokenOptions {
  readonly tokens: Pick<Tokens, 'verify' | 'remembers'>;
  readonly revocations: Pick<Revocations, 'check'>;
  readonly keyRing: Pick<KeyRing, 'isFresh' | 'refresh'>;
  readonly metrics?: Pick<Metrics, 'tokenVerified'>;
}

/** Genuine and in time first, then revoked or not: nothing of a token is looked up before its signature held. */
export const createAcceptToken =
  ({ tokens, revocations, keyRing, metrics = unmeasured }: AcceptTokenOptions): AcceptToken =>
  async (token, environment) => {
    const sight = tokens.remembers(token) ? 'remembered' : 'first';
    const claims = await tokens.verify(token, environment);
    metrics.tokenVerified(environment, sight);
    await revocations.check(claims);
    if (keyRing.isFresh()) return claims;
    // The feed is cut: its key may have been dropped meanwhile.
    await keyRing.refresh();
    return tokens.verify(token, environment);
  };
