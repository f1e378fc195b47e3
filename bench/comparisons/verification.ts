import { generateKeyPair, jwtVerify, type CryptoKey } from 'jose';
import { systemClock } from '../../server/clock.ts';
import { newId } from '../../server/id.ts';
import { createAcceptToken } from '../../server/token/accept.ts';
import { tokenRevoked } from '../../server/token/credential-error.ts';
import { createRevocationMemory } from '../../server/token/revocation-memory.ts';
import { headerOf, signingAlgorithm, type SigningKey } from '../../server/token/signing-key.ts';
import { createTokens, prefixOf } from '../../server/token/token.ts';
import type { Comparison } from '../comparison.ts';
import { takeRounds, type Contender } from '../rounds.ts';

const rounds = 15;
const tokensPerRound = 1_000;
/** What is done within microseconds is done several times, to be longer than the clock is coarse. */
const repetitions = 20;
const revokedSessions = 1_000;

const issuers = { live: 'http://localhost:4000', test: 'http://localhost:4000/sandbox' };

/** What one token costs, in this process and one after the other. */
export async function compareVerification(): Promise<Comparison[]> {
  const { tokens, publicKey, keyRing } = await createSigner();
  const acceptToken = createAcceptToken({ tokens, revocations: createRevocations(), keyRing });
  const options = { algorithms: [signingAlgorithm], typ: 'bos-session+jwt', issuer: issuers.test };
  let fresh: string[] = [];

  const perToken = (contender: Pick<Contender, 'name' | 'does'>, times: number, check: Check): Contender => {
    const measure = async () => ({ value: await microsecondsEach(fresh, times, check) });
    return { ...contender, measure };
  };
  const jose = perToken(
    { name: 'bare jose', does: '`jwtVerify` with algorithm, type and issuer, on tokens of ours.' },
    1,
    (token) => jwtVerify(token.slice(prefixOf('test').length), publicKey, options),
  );
  const firstSight = perToken(
    { name: 'first sight', does: 'Our check of a token that this process never saw: form, signature, every claim.' },
    1,
    (token) => tokens.verify(token, 'test'),
  );
  const seenBefore = perToken(
    { name: 'seen before', does: 'The same of a token whose signature was verified before.' },
    repetitions,
    (token) => tokens.verify(token, 'test'),
  );
  const withRevocations = perToken(
    {
      name: 'seen before, with revocations',
      does: `The same, and whether it was revoked, beside ${revokedSessions.toLocaleString('en')} revoked sessions: all that a request pays.`,
    },
    repetitions,
    (token) => acceptToken(token, 'test'),
  );

  const beginning: Contender = {
    ...jose,
    async measure() {
      fresh = await signMany(tokens);
      return jose.measure();
    },
  };
  const contenders = [beginning, firstSight, seenBefore, withRevocations] as const;
  await takeRounds(2, contenders);
  const series = await takeRounds(rounds, contenders);
  return [{ title: 'verification of one token', unit: 'µs', better: 'less', series }];
}

type Check = (token: string) => Promise<unknown>;

async function microsecondsEach(tokens: readonly string[], times: number, check: Check): Promise<number> {
  const startedAt = performance.now();
  for (let time = 0; time < times; time++) for (const token of tokens) await check(token);
  return ((performance.now() - startedAt) * 1_000) / (tokens.length * times);
}

async function createSigner() {
  const { privateKey, publicKey } = await generateKeyPair(signingAlgorithm);
  const kid = 'a-key-of-22-characters';
  const header = Buffer.from(JSON.stringify(headerOf(kid))).toString('base64url');
  const key: SigningKey = { kid, header, privateKey, publicKey, publicJwk: {} };
  const keyRing = { signer: () => key, published: () => [key], isFresh: () => true, refresh: async () => undefined };
  const tokens = createTokens({ keyRing, issuers, clock: systemClock });
  return { tokens, publicKey: publicKey satisfies CryptoKey, keyRing };
}

async function signMany(tokens: ReturnType<typeof createTokens>): Promise<string[]> {
  const now = systemClock.now();
  const issuedAtSeconds = Math.floor(now / 1_000);
  const claims = () => ({
    merchantId: newId('mer', now),
    environment: 'test' as const,
    customerId: newId('cus', now),
    sessionId: newId('ses', now),
    keyId: newId('key', now),
    operations: 'all' as const,
    issuedAtSeconds,
    expiresAtSeconds: issuedAtSeconds + 3_600,
  });
  return Promise.all(Array.from({ length: tokensPerRound }, () => tokens.sign(claims())));
}

/** The memory that every check asks, without the feed that fills it from the database. */
function createRevocations() {
  const memory = createRevocationMemory(systemClock);
  const now = systemClock.now();
  const owner = { merchantId: newId('mer', now), environment: 'test' } as const;
  for (let count = 0; count < revokedSessions; count++) {
    memory.remember(owner, { kind: 'session', subject: newId('ses', now), revokedAtMs: now });
  }
  return {
    async check(claims: Parameters<typeof memory.revokes>[0]) {
      if (memory.revokes(claims)) throw tokenRevoked();
    },
  };
}
