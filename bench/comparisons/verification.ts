import { jwtVerify } from 'jose';
import { createAcceptToken } from '../../server/token/accept.ts';
import { signingAlgorithm } from '../../server/token/signing-key.ts';
import { prefixOf } from '../../server/token/token.ts';
import type { Comparison } from '../comparison.ts';
import type { Effort } from '../effort.ts';
import { takeRounds } from '../rounds.ts';
import { createClerkSigner } from '../verifying/clerk.ts';
import { fastJwtCheck, jsonwebtokenCheck } from '../verifying/libraries.ts';
import { revokedBeside } from '../verifying/revoked.ts';
import { createSigner, issuers } from '../verifying/signer.ts';

/** What is done within microseconds is done several times, to be longer than the clock is coarse. */
const repetitions = 20;
const revokedSessions = 1_000;
const measured = { title: 'verification of one token', unit: 'µs', better: 'less' } as const;

/** What one token costs, in this process and one after the other. */
export async function compareVerification(_directory: string, { inProcessRounds }: Effort): Promise<Comparison[]> {
  const contenders = await createContenders();
  await takeRounds(2, contenders);
  const series = await takeRounds(inProcessRounds, contenders);
  const [jose, firstSight, fastJwt, jsonwebtoken, clerk, fastJwtSeen, seenBefore, withRevocations] = series;
  return [
    {
      ...measured,
      series: [jose, firstSight],
      bar: { of: 'ratio', atMost: 1.2 },
      headline: 'A token seen for the first time, beside bare `jose`',
    },
    { ...measured, series: [fastJwt, firstSight] },
    { ...measured, series: [jsonwebtoken, firstSight] },
    { ...measured, series: [clerk, firstSight] },
    {
      ...measured,
      series: [jose, seenBefore, withRevocations],
      bar: { of: 'value', atMost: 5 },
      headline: 'A token seen before, revocations included, beside bare `jose`',
    },
    { ...measured, series: [fastJwtSeen, seenBefore] },
  ];
}

async function createContenders() {
  const signer = await createSigner();
  const clerk = await createClerkSigner();
  const acceptToken = createAcceptToken({ ...signer, revocations: revokedBeside(revokedSessions) });
  const verify = (token: string) => signer.tokens.verify(token, 'test');
  const library = { publicPem: signer.publicPem, issuer: issuers.test };
  const byFastJwt = fastJwtCheck({ ...library, cache: false });
  const byFastJwtWithCache = fastJwtCheck({ ...library, cache: true });
  const byJsonwebtoken = jsonwebtokenCheck(library);
  const once = (check: Check) => async () => ({ value: await microsecondsEach(await signer.signMany(), 1, check) });
  const often = (check: Check) => async () => {
    const seen = await signer.signMany();
    await microsecondsEach(seen, 1, check);
    return { value: await microsecondsEach(seen, repetitions, check) };
  };
  const joseOptions = { algorithms: [signingAlgorithm], typ: 'bos-session+jwt', issuer: issuers.test };

  return [
    {
      name: 'bare jose',
      does: '`jwtVerify` with algorithm, type and issuer, on tokens of ours.',
      measure: once((token) => jwtVerify(jwsOf(token), signer.publicKey, joseOptions)),
    },
    {
      name: 'first sight',
      does: 'Our check of a token that this process never saw: form, signature, every claim.',
      measure: once(verify),
    },
    {
      name: 'fast-jwt',
      does: '`createVerifier` with the same key, algorithm and issuer, without its cache.',
      measure: once(async (token) => byFastJwt(jwsOf(token))),
    },
    {
      name: 'jsonwebtoken',
      does: '`verify` with the same key, algorithm and issuer.',
      measure: once(async (token) => byJsonwebtoken(jwsOf(token))),
    },
    {
      name: '@clerk/backend',
      does: '`verifyToken` with the public key given (no network), on tokens of its own form: RS256, whose signatures are checked faster than those of ES256.',
      measure: async () => ({ value: await microsecondsEach(await clerk.signMany(), 1, clerk.check) }),
    },
    {
      name: 'fast-jwt, seen before',
      does: 'Its cache on, tokens that are in it: it keeps hashes of tokens.',
      measure: often(async (token) => byFastJwtWithCache(jwsOf(token))),
    },
    {
      name: 'seen before',
      does: 'Ours, of a token whose signature was verified before.',
      measure: often(verify),
    },
    {
      name: 'seen before, with revocations',
      does: `The same, and whether it was revoked, beside ${revokedSessions.toLocaleString('en')} revoked sessions.`,
      measure: often((token) => acceptToken(token, 'test')),
    },
  ] as const;
}

type Check = (token: string) => Promise<unknown>;

const jwsOf = (token: string) => token.slice(prefixOf('test').length);

async function microsecondsEach(tokens: readonly string[], times: number, check: Check): Promise<number> {
  const startedAt = performance.now();
  for (let time = 0; time < times; time++) for (const token of tokens) await check(token);
  return ((performance.now() - startedAt) * 1_000) / (tokens.length * times);
}
