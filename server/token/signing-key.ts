import { createPrivateKey, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import { calculateJwkThumbprint, type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import type { Environment } from '../../schema/environment.ts';
import { StartupError } from '../startup-error.ts';
import { seal, unseal } from './sealed.ts';

/** ES256 verifies fastest here among the algorithms that every JWT library and browser has. */
export const signingAlgorithm = 'ES256';

export const tokenType = 'bos-session+jwt';

/** A key that is open, in memory. What signs cannot be taken out of it. */
export interface SigningKey {
  readonly kid: string;
  /**
   * The only header segment with which a token of this key may begin. Comparing whole segments decides `alg`, `kid`, `typ`
   * and every other member at once: nothing that a caller wrote is parsed to find a key.
   */
  readonly header: string;
  /** A compact JWS (RFC 7515) of this payload, under this key's header. */
  sign(payload: object): string;
  readonly publicKey: CryptoKey;
  readonly publicJwk: JWK;
}

/** A key as it lies in the database. */
export interface StoredKey {
  readonly environment: Environment;
  readonly kid: string;
  readonly publicJwk: JWK;
  readonly privateJwe: string;
}

export async function generateKey(environment: Environment, encryptionKey: Uint8Array): Promise<StoredKey> {
  const { publicKey, privateKey } = await generateKeyPair(signingAlgorithm, { extractable: true });
  const jwk = await exportJWK(publicKey);
  // Half an RFC 7638 thumbprint: still 128 bits, and the token stays short.
  const kid = (await calculateJwkThumbprint(jwk)).slice(0, 22);
  // A command line takes what begins with a dash for an option. One in 64 does.
  if (kid.startsWith('-')) return generateKey(environment, encryptionKey);
  const privateJwe = await seal(JSON.stringify(await exportJWK(privateKey)), encryptionKey);
  return { environment, kid, publicJwk: { ...jwk, kid, alg: signingAlgorithm, use: 'sig' }, privateJwe };
}

export async function openKey(stored: StoredKey, encryptionKey: Uint8Array): Promise<SigningKey> {
  const { kid, publicJwk, privateJwe } = stored;
  const privateJwk = await decrypt(privateJwe, encryptionKey);
  const publicKey = await importJWK(publicJwk, signingAlgorithm);
  if (publicKey instanceof Uint8Array) throw new TypeError('a symmetric key');
  if (privateJwk.crv !== 'P-256') throw new TypeError('a key of another curve');
  const privateKey = createPrivateKey({ key: privateJwk as JsonWebKey, format: 'jwk' });
  const header = encode(JSON.stringify({ alg: signingAlgorithm, kid, typ: tokenType }));
  return { kid, header, sign: signerOf(header, privateKey), publicKey, publicJwk };
}

/** Web Crypto, and jose with it, hands each signature to another thread and back: that takes this one longer than to sign. */
function signerOf(header: string, key: KeyObject): SigningKey['sign'] {
  // RFC 7518, section 3.4: the two numbers side by side, not in DER.
  const options = { key, dsaEncoding: 'ieee-p1363' } as const;
  return (payload) => {
    const input = `${header}.${encode(JSON.stringify(payload))}`;
    return `${input}.${sign('sha256', Buffer.from(input), options).toString('base64url')}`;
  };
}

const encode = (text: string) => Buffer.from(text).toString('base64url');

async function decrypt(jwe: string, encryptionKey: Uint8Array): Promise<JWK> {
  const text = await unseal(jwe, encryptionKey).catch((cause: unknown) => {
    throw new StartupError(
      'The signing keys do not open with this BILLINGOS_MASTER_KEY: use the one they were made with.',
      { cause },
    );
  });
  return JSON.parse(text) as JWK;
}
