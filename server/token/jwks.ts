import type { JWK } from 'jose';
import type { Environment } from '../../schema/environment.ts';
import type { KeyRing } from './key-ring.ts';

const publicMembers = ['kty', 'crv', 'x', 'y', 'kid', 'alg', 'use'] as const;

/** The JWK Set (RFC 7517) that verifies the tokens of one environment. Members are named one by one: none can slip in. */
export const jwksOf = (keyRing: KeyRing, environment: Environment): { keys: JWK[] } => ({
  keys: keyRing[environment].map(
    ({ publicJwk }) => Object.fromEntries(publicMembers.map((member) => [member, publicJwk[member]])) as JWK,
  ),
});
