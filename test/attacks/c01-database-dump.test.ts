import { compactDecrypt } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deriveKeys } from '../../server/master-key.ts';
import { openToken, whoAmI } from '../support/forge.ts';
import { createHarness, type Harness, masterKey } from '../support/harness.ts';

let harness: Harness;
const secretKeys: string[] = [];
const tokens: string[] = [];
let dump: string;
let rows: Record<string, Record<string, unknown>[]>;

async function readEverything(): Promise<Record<string, Record<string, unknown>[]>> {
  const { db } = harness.database;
  const tables = await db.execute<{ name: string }>(
    "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')",
  );
  const read = async ({ name }: { name: string }) => {
    const found = await db.execute<{ row: Record<string, unknown> }>(`select to_jsonb(t) as row from ${name} t`);
    return [name, found.rows.map(({ row }) => row)] as const;
  };
  return Object.fromEntries(await Promise.all(tables.rows.map(read)));
}

beforeAll(async () => {
  harness = await createHarness();
  const { merchant, rival, rules } = harness;
  const live = await harness.newMerchant('Live', 'live');
  const owner = { merchantId: rival.id, environment: 'test' } as const;
  const options = { sessions: 'keep', overlapMs: 60_000 } as const;
  const rolled = await rules.secretKeys.roll(owner, rival.keyId as `key_${string}`, options);
  secretKeys.push(merchant.secretKey, rival.secretKey, live.secretKey, rolled.secretKey);

  for (const { billingos, environment } of [merchant, rival, live]) {
    const { sessionToken, session } = await billingos.createSessionToken({
      externalUserId: 'ada',
      email: 'ada@example.com',
      metadata: { note: 'x' },
    });
    tokens.push(sessionToken);
    if (billingos === rival.billingos) await billingos.revokeSession(session.id);
    await harness.graphql(sessionToken, whoAmI, undefined, { environment });
  }
  await rules.lastUsed.write();
  rows = await readEverything();
  dump = JSON.stringify(rows);
});
afterAll(() => harness.stop());

test('C1 a dump is of every table, and sees what was written', () => {
  const names = Object.keys(rows).filter((name) => name.startsWith('public.'));
  expect(names.toSorted()).toEqual(
    expect.arrayContaining(['public.secret_keys', 'public.sessions', 'public.signing_keys']),
  );
  for (const name of ['secret_keys', 'sessions', 'customers', 'signing_keys', 'revocations']) {
    expect(rows[`public.${name}`]?.length, name).toBeGreaterThan(0);
  }
  expect(dump).toContain('ada@example.com');
});

test('C1 a dump holds no secret key, nor the random part of one', () => {
  for (const key of secretKeys) {
    expect(dump).not.toContain(key);
    expect(dump).not.toContain(key.slice('sk_test_'.length, -6));
    // Four characters, to tell keys apart, and no more.
    expect(dump).toContain(`"last_four":"${key.slice(-4)}"`);
    expect(dump).not.toContain(key.slice(-5));
  }
  expect(dump).not.toMatch(/sk_(test|live)_/);
});

test('C1 a dump holds no token, nor a part of one', () => {
  for (const token of tokens) {
    expect(dump).not.toContain(token);
    const { segments } = openToken(token);
    for (const segment of segments) expect(dump).not.toContain(segment);
  }
  expect(dump).not.toMatch(/bos_session_/);
});

test('C1 a dump holds no private key but under the master key, which is not in it', async () => {
  expect(dump).not.toContain(masterKey);
  for (const { private_jwe: jwe, public_jwk: jwk } of rows['public.signing_keys'] ?? []) {
    expect(Object.keys(jwk as object)).not.toContain('d');
    expect(JSON.parse(Buffer.from(String(jwe).split('.')[0] ?? '', 'base64url').toString())).toEqual({
      alg: 'dir',
      enc: 'A256GCM',
    });
    const { encryptionKey, pepper } = deriveKeys(masterKey);
    const { plaintext } = await compactDecrypt(String(jwe), encryptionKey);
    const { d } = JSON.parse(Buffer.from(plaintext).toString()) as { d: string };
    expect(d).toMatch(/^[\w-]{43}$/);
    expect(dump).not.toContain(d);
    await expect(compactDecrypt(String(jwe), pepper)).rejects.toThrow();
    await expect(compactDecrypt(String(jwe), new Uint8Array(32))).rejects.toThrow();
  }
});

test('C1 nothing that a dump holds can be used as a credential', async () => {
  const texts = Object.values(rows)
    .flat()
    .flatMap((row) => Object.values(row))
    .filter((value) => typeof value === 'string');
  expect(texts.length).toBeGreaterThan(20);
  const found = [...new Set(texts)].filter((text) => /^[\x21-\x7e]+$/.test(text));
  const credentials = found.flatMap((text) => [
    text,
    `sk_test_${text}`,
    `sk_test_${text.slice(0, 36)}`,
    `bos_session_test_${text}`,
  ]);
  for (const [index, credential] of credentials.entries()) {
    const answer = await harness.graphql(credential, whoAmI, undefined, { address: `198.51.100.${index % 250}` });
    expect([401, 429], credential).toContain(answer.status);
    expect(answer.data).toBeNull();
  }
});
