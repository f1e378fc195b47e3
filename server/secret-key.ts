import { createHmac, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { type Environment, environments } from '../schema/environment.ts';

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 30 characters of base62: 178 bits. */
const randomLength = 30;
const checksumLength = 6;

/** For scanners of secrets: `sk_(test|live)_[0-9A-Za-z]{36}`, of which the last six are a CRC-32 of what stands before. */
const secretKeyPattern = /^sk_(test|live)_[0-9A-Za-z]{36}$/;

const prefixOf = (environment: Environment) => `sk_${environment}_`;

/** The environment that a secret key's prefix names; `undefined` when it does not look like one. */
export const environmentOfSecretKey = (text: string): Environment | undefined =>
  environments.find((environment) => text.startsWith(prefixOf(environment)));

export function generateSecretKey(environment: Environment): string {
  const random = Array.from({ length: randomLength }, () => base62.charAt(randomInt(base62.length))).join('');
  const body = prefixOf(environment) + random;
  return body + checksumOf(body);
}

/** Whether it can be one at all. A typo or a made-up key fails here, without a look into the database. */
export const isWellFormedSecretKey = (text: string): boolean =>
  secretKeyPattern.test(text) && checksumOf(text.slice(0, -checksumLength)) === text.slice(-checksumLength);

/** What is stored instead of the key. */
export const digestOf = (secretKey: string, pepper: Uint8Array): string =>
  createHmac('sha256', pepper).update(secretKey).digest('base64url');

function checksumOf(body: string): string {
  let rest = crc32(body);
  let digits = '';
  for (let index = 0; index < checksumLength; index++) {
    digits = base62.charAt(rest % base62.length) + digits;
    rest = Math.floor(rest / base62.length);
  }
  return digits;
}
