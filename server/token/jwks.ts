import type { JWK } from 'jose';
import type { SigningKey } from './signing-key.ts';

const publicMembers = ['kty', 'crv', 'x', 'y', 'kid', 'alg', 'use'] as const;

/** The JWK Set (RFC 7517) of these keys. Members are named one by one: none can slip in. */
export const jwksOf = (keys: readonly Pick<SigningKey, 'publicJwk'>[]): { keys: JWK[] } => ({
  keys: keys.map(
    ({ publicJwk }) => Object.fromEntries(publicMembers.map((member) => [member, publicJwk[member]])) as JWK,
  ),
});
