import { KeyObject, sign as signBytes } from 'node:crypto';
import { generateKeyPair, SignJWT, type JWTHeaderParameters, type JWTPayload } from 'jose';
import { drained, readTask, serveBare } from './server.ts';

/** Signs a token like ours for every request, and stores nothing. */
export interface SigningTask {
  /** Of a token that our server made. */
  readonly header: JWTHeaderParameters;
  readonly claims: JWTPayload;
  /** `node:crypto`: as our server does it. */
  readonly by: 'jose' | 'node:crypto';
}

const { header, claims, by } = readTask() as SigningTask;
const { privateKey } = await generateKeyPair(header.alg);
const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
const options = { key: KeyObject.from(privateKey), dsaEncoding: 'ieee-p1363' } as const;

const sign: Record<SigningTask['by'], (payload: JWTPayload) => string | Promise<string>> = {
  jose: (payload) => new SignJWT(payload).setProtectedHeader(header).sign(privateKey),
  'node:crypto': (payload) => {
    const input = `${encode(header)}.${encode(payload)}`;
    return `${input}.${signBytes('sha256', Buffer.from(input), options).toString('base64url')}`;
  },
};

serveBare(async (request) => {
  await drained(request);
  const iat = Math.floor(Date.now() / 1_000);
  const exp = iat + 3_600;
  const jws = await sign[by]({ ...claims, iat, exp });
  const expiresAt = new Date(exp * 1_000).toISOString();
  return JSON.stringify({ data: { createSession: { sessionToken: `bos_session_test_${jws}`, expiresAt } } });
});
