import { createVerifier } from 'fast-jwt';
import jsonwebtoken from 'jsonwebtoken';
import { signingAlgorithm } from '../../server/token/signing-key.ts';

interface LibraryOptions {
  /** SPKI. */
  readonly publicPem: string;
  readonly issuer: string;
}

const maxCached = 20_000;

export function fastJwtCheck({ publicPem, issuer, cache }: LibraryOptions & { cache: boolean }) {
  return createVerifier({
    key: publicPem,
    algorithms: [signingAlgorithm],
    allowedIss: issuer,
    cache: cache ? maxCached : false,
  });
}

export const jsonwebtokenCheck =
  ({ publicPem, issuer }: LibraryOptions) =>
  (token: string): unknown =>
    jsonwebtoken.verify(token, publicPem, { algorithms: [signingAlgorithm], issuer });
