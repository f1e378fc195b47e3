import type { IncomingMessage } from 'node:http';
import { importJWK, jwtVerify, type JWK, type JWTPayload, type JWTVerifyOptions } from 'jose';
import { drained, readTask, serveBare } from './server.ts';

/** Checks the session token of every request, looks nothing up, and answers what our server answered. */
export interface CheckingTask {
  readonly key: JWK;
  readonly options: JWTVerifyOptions;
  /** `kept`: the signature of a token is checked once, as our server does; after that only its time. */
  readonly memory: 'none' | 'kept';
  readonly answer: string;
}

const { key, options, memory, answer } = readTask() as CheckingTask;
const publicKey = await importJWK(key);
const prefix = 'Bearer bos_session_test_';
const remembered = new Map<string, JWTPayload>();

async function check(jws: string): Promise<void> {
  const payload = remembered.get(jws) ?? (await jwtVerify(jws, publicKey, options)).payload;
  if ((payload.exp ?? 0) <= Date.now() / 1_000) throw new Error('the token is over');
  if (memory === 'kept') remembered.set(jws, payload);
}

serveBare(async (request: IncomingMessage) => {
  await drained(request);
  await check((request.headers.authorization ?? '').slice(prefix.length));
  return answer;
});
