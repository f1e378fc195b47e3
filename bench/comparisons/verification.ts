import { jwtVerify } from 'jose';
import { createAcceptToken } from '../../server/token/accept.ts';
import { signingAlgorithm } from '../../server/token/key-ring.ts';
import { prefixOf } from '../../server/token/token.ts';
import type { Comparison } from '../comparison.ts';
import type { Effort } from '../effort.ts';
import { takeRounds, type Contender } from '../rounds.ts';
import { clerkSigner } from '../verifying/clerk.ts';
import { fastJwtCheck, jsonwebtokenCheck } from '../verifying/libraries.ts';
import { createSigner, issuers } from '../verifying/signer.ts';
import { revokedBeside } from '../verifying/revoked.ts';

/** What is done within microseconds is done several times, to be longer than the clock is coarse. */
const repetitions = 20;
const revokedSessions = 1_000;
const measured = { title: 'verification of one token', unit: 'µs', better: 'less' } as const;

/** What one token costs, in this process and one after the other. */
export async function compareVerification(_directory: string, { inProcessRounds }: Effort): Promise<Comparison[]> {
  const signer = await createSigner();
  const { tokens, publicKey, publicPem } = signer;
  const clerk = await clerkSigner();
  const acceptToken = createAcceptToken({ tokens, revocations: revokedBeside(revokedSessions) });
  const options = { algorithms: [signingAlgorithm], typ: 'bos-session+jwt', issuer: issuers.test };
  const jwsOf = (token: string) => token.slice(prefixOf('test').length);
  const byFastJwt = fastJwtCheck({ publicPem, issuer: issuers.test, cache: false });
  const byFastJwtWithCache = fastJwtCheck({ publicPem, issuer: issuers.test, cache: true });
  const byJsonwebtoken = jsonwebtokenCheck({ publicPem, issuer: issuers.test });
  let fresh: readonly string[] = [];
  let freshOfClerk: readonly string[] = [];

  const perToken = (contender: Pick<Contender, 'name' | 'does'>, times: number, check: Check): Contender => ({
    ...contender,
    measure: async () => ({ value: await microsecondsEach(fresh, times, check) }),
  });
  const jose = perToken(
    { name: 'bare jose', does: '`jwtVerify` with algorithm, type and issuer, on tokens of ours.' },
    1,
    (token) => jwtVerify(jwsOf(token), publicKey, options),
  );
  const signedAnew: Contender = {
    ...jose,
    async measure() {
      fresh = await signer.signMany();
      freshOfClerk = await clerk.signMany();
      return jose.measure();
    },
  };
  const contenders = [
    signedAnew,
    perToken(
      { name: 'fast-jwt', does: '`createVerifier` with the same key, algorithm and issuer, without its cache.' },
      1,
      async (token) => byFastJwt(jwsOf(token)),
    ),
    perToken({ name: 'jsonwebtoken', does: '`verify` with the same key, algorithm and issuer.' }, 1, async (token) =>
      byJsonwebtoken(jwsOf(token)),
    ),
    {
      name: '@clerk/backend',
      does: '`verifyToken` with the public key given (no network), on tokens of its own form: RS256, whose signatures are checked faster than those of ES256.',
      measure: async () => ({ value: await microsecondsEach(freshOfClerk, 1, clerk.check) }),
    },
    perToken(
      { name: 'first sight', does: 'Our check of a token that this process never saw: form, signature, every claim.' },
      1,
      (token) => tokens.verify(token, 'test'),
    ),
    perToken(
      { name: 'fast-jwt, seen before', does: 'Its cache on, tokens that are in it: it keeps hashes of tokens.' },
      repetitions,
      async (token) => byFastJwtWithCache(jwsOf(token)),
    ),
    perToken(
      { name: 'seen before', does: 'Ours, of a token whose signature was verified before.' },
      repetitions,
      (token) => tokens.verify(token, 'test'),
    ),
    perToken(
      {
        name: 'seen before, with revocations',
        does: `The same, and whether it was revoked, beside ${revokedSessions.toLocaleString('en')} revoked sessions: all that a request pays.`,
      },
      repetitions,
      (token) => acceptToken(token, 'test'),
    ),
  ] as const;
  await takeRounds(2, contenders);
  const series = await takeRounds(inProcessRounds, contenders);
  const [bare, fastJwt, jsonwebtoken, clerkBackend, firstSight, fastJwtSeen, seenBefore, withRevocations] = series;
  return [
    {
      ...measured,
      series: [bare, firstSight],
      bar: { of: 'ratio', atMost: 1.2 },
      headline: 'A token checked at first sight, every claim, beside bare `jose`',
    },
    { ...measured, series: [fastJwt, firstSight] },
    { ...measured, series: [jsonwebtoken, firstSight] },
    { ...measured, series: [clerkBackend, firstSight] },
    {
      ...measured,
      series: [bare, seenBefore, withRevocations],
      bar: { of: 'value', atMost: 5 },
      headline: 'A token seen before, revocations included, beside bare `jose`',
    },
    { ...measured, series: [fastJwtSeen, seenBefore] },
  ];
}

type Check = (token: string) => Promise<unknown>;

async function microsecondsEach(tokens: readonly string[], times: number, check: Check): Promise<number> {
  const startedAt = performance.now();
  for (let time = 0; time < times; time++) for (const token of tokens) await check(token);
  return ((performance.now() - startedAt) * 1_000) / (tokens.length * times);
}
