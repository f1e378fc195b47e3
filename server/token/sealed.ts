import { CompactEncrypt, compactDecrypt } from 'jose';

/** Text as a compact JWE (RFC 7516) under a 256-bit key: what may lie in the database. */
export const seal = (text: string, key: Uint8Array): Promise<string> =>
  new CompactEncrypt(Buffer.from(text)).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' }).encrypt(key);

/** Rejects when the key is another one, or the text was changed. */
export async function unseal(jwe: string, key: Uint8Array): Promise<string> {
  const { plaintext } = await compactDecrypt(jwe, key);
  return Buffer.from(plaintext).toString();
}
