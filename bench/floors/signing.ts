import { generateKeyPair, SignJWT, type JWTHeaderParameters, type JWTPayload } from 'jose';
import { drained, readTask, serveBare } from './server.ts';

/** Signs a token like ours for every request, and stores nothing. */
export interface SigningTask {
  /** Of a token that our server made. */
  readonly header: JWTHeaderParameters;
  readonly claims: JWTPayload;
}

const { header, claims } = readTask() as SigningTask;
const { privateKey } = await generateKeyPair(header.alg);

serveBare(async (request) => {
  await drained(request);
  const iat = Math.floor(Date.now() / 1_000);
  const exp = iat + 3_600;
  const jws = await new SignJWT({ ...claims, iat, exp }).setProtectedHeader(header).sign(privateKey);
  const expiresAt = new Date(exp * 1_000).toISOString();
  return JSON.stringify({ data: { createSession: { sessionToken: `bos_session_test_${jws}`, expiresAt } } });
});
