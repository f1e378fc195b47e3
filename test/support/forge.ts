import { subtle, type webcrypto } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { expect } from 'vitest';
import type { Environment } from '../../schema/environment.ts';
import { signingKeys } from '../../server/database/tables.ts';
import { deriveKeys } from '../../server/master-key.ts';
import { unseal } from '../../server/token/sealed.ts';
import { type GraphqlAnswer, type Harness, masterKey } from './harness.ts';

type Members = Record<string, unknown>;

/** A session token, taken apart. */
export interface OpenToken {
  readonly prefix: string;
  readonly header: Members;
  readonly payload: Members;
  /** The three segments as they stand in the token. */
  readonly segments: readonly [string, string, string];
}

const prefixPattern = /^bos_session_(?:test|live)_/;

export const encode = (value: string | Uint8Array): string => Buffer.from(value).toString('base64url');

export const decode = (segment: string): string => Buffer.from(segment, 'base64url').toString();

/** Objects as JSON; text stays what it is, so that it need not be JSON. */
const textOf = (part: Members | string) => (typeof part === 'string' ? part : JSON.stringify(part));

export function openToken(token: string): OpenToken {
  const prefix = prefixPattern.exec(token)?.[0] ?? '';
  const [header = '', payload = '', signature = ''] = token.slice(prefix.length).split('.');
  return {
    prefix,
    header: JSON.parse(decode(header)) as Members,
    payload: JSON.parse(decode(payload)) as Members,
    segments: [header, payload, signature],
  };
}

/** Signs any header and any payload with any ES256 key: jose would refuse to write most of them. */
export async function sign(
  key: webcrypto.CryptoKey,
  header: Members | string,
  payload: Members | string,
): Promise<string> {
  const signed = `${encode(textOf(header))}.${encode(textOf(payload))}`;
  const signature = await subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, Buffer.from(signed));
  return `${signed}.${encode(new Uint8Array(signature))}`;
}

/** A genuine token, and what makes others like it: the real key included. */
export async function createForge(harness: Harness, environment: Environment = 'test') {
  const merchant = environment === 'test' ? harness.merchant : await harness.newMerchant('Forged', environment);
  const { sessionToken } = await merchant.billingos.createSessionToken({ externalUserId: 'ada' });
  const genuine = openToken(sessionToken);
  const { kid, publicKey, publicJwk } = harness.rules.keyRing.signer(environment);
  const privateKey = await privateKeyOf(harness, kid);
  return {
    token: sessionToken,
    genuine,
    privateKey,
    publicKey,
    publicJwk,
    /** The genuine token with members changed or (`undefined`) left out, signed by the real key. */
    async signed(change: { header?: Members; payload?: Members }): Promise<string> {
      const header = { ...genuine.header, ...change.header };
      const payload = { ...genuine.payload, ...change.payload };
      return genuine.prefix + (await sign(privateKey, header, payload));
    },
  };
}

/** As it lies in the database: the open key does not give it away. */
async function privateKeyOf({ database }: Harness, kid: string): Promise<webcrypto.CryptoKey> {
  const [stored] = await database.db.select().from(signingKeys).where(eq(signingKeys.kid, kid));
  if (!stored) throw new Error(`No key ${kid} is stored.`);
  const jwk = JSON.parse(await unseal(stored.privateJwe, deriveKeys(masterKey).encryptionKey)) as webcrypto.JsonWebKey;
  return subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
}

export type Forge = Awaited<ReturnType<typeof createForge>>;

/** A field that any session may ask for. */
export const whoAmI = '{ currentSession { id } }';

export const useToken = (harness: Harness, token: string, environment: Environment = 'test'): Promise<GraphqlAnswer> =>
  harness.graphql(token, whoAmI, undefined, { environment });

/** The one answer to every fault of a credential. */
export function expectRefused(answer: GraphqlAnswer): void {
  expect(answer.status).toBe(401);
  expect(JSON.parse(answer.text)).toEqual({
    data: null,
    errors: [
      {
        message: 'This credential is not accepted.',
        path: ['currentSession'],
        locations: [{ line: 1, column: 3 }],
        extensions: { code: 'UNAUTHENTICATED' },
      },
    ],
  });
  expect(answer.headers.get('www-authenticate')).toBe(
    'Bearer error="invalid_token", error_description="The credential is not accepted"',
  );
}

/** Sends each forged token, and expects the one answer for all of them. */
export async function expectAllRefused(
  harness: Harness,
  tokens: readonly string[],
  environment: Environment = 'test',
): Promise<void> {
  expect(tokens.length).toBeGreaterThan(0);
  for (const token of tokens) expectRefused(await useToken(harness, token, environment));
}
