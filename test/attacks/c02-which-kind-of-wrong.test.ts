import { afterAll, beforeAll, expect, test } from 'vitest';
import { generateSecretKey } from '../../server/secret-key.ts';
import { whoAmI } from '../support/forge.ts';
import { createHarness, type Harness } from '../support/harness.ts';

let harness: Harness;
let revoked: string;
beforeAll(async () => {
  harness = await createHarness();
  const owner = { merchantId: harness.rival.id, environment: 'test' } as const;
  await harness.rules.secretKeys.revoke(owner, harness.rival.keyId as `key_${string}`, { sessions: 'revoke' });
  revoked = harness.rival.secretKey;
});
afterAll(() => harness.stop());

const unknown = () => generateSecretKey('test');

/** Keys that nobody can have, each wrong in another way. */
const malformed = () => {
  const key = unknown();
  const swapped = key.endsWith('0') ? '1' : '0';
  return [
    key.slice(0, -1) + swapped,
    key.slice(0, -1),
    `${key}0`,
    'sk_test_',
    'sk_',
    key.replace('sk_test_', 'sk_'),
    key.replace('sk_test_', 'pk_test_'),
    key.replace('sk_test_', 'rk_test_'),
    key.toUpperCase(),
    'x',
  ];
};

let addresses = 0;

/** All that a caller sees, from an address of its own, and what it cost. */
async function ask(credential: string) {
  const before = harness.requestStatements().length;
  const answer = await harness.graphql(credential, whoAmI, undefined, { address: `198.51.100.${++addresses}` });
  const headers = Object.fromEntries([...answer.headers].filter(([name]) => name !== 'x-request-id'));
  return {
    seen: { status: answer.status, headers, text: answer.text },
    statements: harness.requestStatements().slice(before),
  };
}

test('C2 unknown, revoked and malformed keys get one answer, byte by byte', async () => {
  const reference = await ask(unknown());
  expect(reference.seen.status).toBe(401);
  for (const credential of [revoked, unknown(), ...malformed(), 'bos_session_test_x.y.z']) {
    expect((await ask(credential)).seen, credential).toEqual(reference.seen);
  }
});

test('C2 looking for a revoked key and for an unknown one is the same work', async () => {
  const [gone, never] = [await ask(revoked), await ask(unknown())];
  expect(gone.seen).toEqual(never.seen);
  // The revoked one may be remembered from before.
  harness.clock.advance(1_001);
  const [later, again] = [await ask(revoked), await ask(unknown())];
  expect(later.statements).toHaveLength(1);
  expect(later.statements).toEqual(again.statements);
});

test('C2 a malformed key is refused without a look into the database', async () => {
  for (const credential of malformed()) expect((await ask(credential)).statements, credential).toEqual([]);
});

test('C2 a key is found by its digest: no statement carries one, and none compares a prefix of it', async () => {
  await ask(unknown());
  const statements = harness.statements.filter((statement) => statement.includes('"secret_keys"'));
  expect(statements.some((statement) => statement.includes('"digest" = $'))).toBe(true);
  for (const statement of statements) expect(statement).not.toMatch(/sk_test_|like|substr|left\(/i);
});
