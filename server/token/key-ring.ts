import { sql } from 'drizzle-orm';
import { calculateJwkThumbprint, type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import { type Environment, environments } from '../../schema/environment.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import { signingKeys } from '../database/tables.ts';
import { StartupError } from '../startup-error.ts';
import { seal, unseal } from './sealed.ts';

/** ES256 verifies fastest here among the algorithms that every JWT library and browser has. */
export const signingAlgorithm = 'ES256';

export interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly publicJwk: JWK;
}

/** The keys of each environment, the one that signs first. All of them verify. */
export type KeyRing = Readonly<Record<Environment, readonly [SigningKey, ...SigningKey[]]>>;

interface KeyRingOptions {
  readonly database: Pick<Database, 'transaction'>;
  /** 256 bits: private keys lie in the database as JWE under it. */
  readonly encryptionKey: Uint8Array;
  readonly clock: Pick<Clock, 'now'>;
}

type Row = typeof signingKeys.$inferSelect;

/** Reads the keys, and makes the first of an environment that has none. Processes that start together agree on it. */
export async function openKeyRing(options: KeyRingOptions): Promise<KeyRing> {
  const keysOf = async (environment: Environment) => {
    const [newest, ...older] = await loadOrCreate(environment, options);
    return [
      await open(newest, options.encryptionKey),
      ...(await Promise.all(older.map((row) => open(row, options.encryptionKey)))),
    ] as const;
  };
  const [test, live] = await Promise.all(environments.map(keysOf));
  if (!test || !live) throw new TypeError('an environment has no keys');
  return { test: [...test], live: [...live] };
}

const loadOrCreate = (environment: Environment, { database, encryptionKey, clock }: KeyRingOptions) =>
  database.transaction(async (tx): Promise<[Row, ...Row[]]> => {
    await tx.execute(sql`select pg_advisory_xact_lock(hashtext(${`signing_keys:${environment}`}))`);
    const [newest, ...older] = await tx
      .select()
      .from(signingKeys)
      .where(sql`${signingKeys.environment} = ${environment}`)
      .orderBy(sql`${signingKeys.createdAt} desc`, signingKeys.kid);
    if (newest) return [newest, ...older];

    const row = await generate(environment, encryptionKey, new Date(clock.now()));
    await tx.insert(signingKeys).values(row);
    return [row];
  });

async function generate(environment: Environment, encryptionKey: Uint8Array, createdAt: Date): Promise<Row> {
  const { publicKey, privateKey } = await generateKeyPair(signingAlgorithm, { extractable: true });
  const jwk = await exportJWK(publicKey);
  // Half an RFC 7638 thumbprint: still 128 bits, and the token stays short.
  const kid = (await calculateJwkThumbprint(jwk)).slice(0, 22);
  const privateJwe = await seal(JSON.stringify(await exportJWK(privateKey)), encryptionKey);
  return { environment, kid, publicJwk: { ...jwk, kid, alg: signingAlgorithm, use: 'sig' }, privateJwe, createdAt };
}

async function open({ kid, publicJwk, privateJwe }: Row, encryptionKey: Uint8Array): Promise<SigningKey> {
  const privateKey = await importJWK(await decrypt(privateJwe, encryptionKey), signingAlgorithm);
  const publicKey = await importJWK(publicJwk, signingAlgorithm);
  if (privateKey instanceof Uint8Array || publicKey instanceof Uint8Array) throw new TypeError('a symmetric key');
  return { kid, privateKey, publicKey, publicJwk };
}

async function decrypt(jwe: string, encryptionKey: Uint8Array): Promise<JWK> {
  const text = await unseal(jwe, encryptionKey).catch((cause: unknown) => {
    throw new StartupError(
      'The signing keys do not open with this BILLINGOS_MASTER_KEY: use the one they were made with.',
      { cause },
    );
  });
  return JSON.parse(text) as JWK;
}
