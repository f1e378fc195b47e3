import { generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Environment, environments } from '../../schema/environment.ts';
import { jwksOf as publicJwksOf } from '../../server/token/jwks.ts';
import { createHarness, type Harness, send } from '../support/harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.stop());

const jwksOf = async (environment: Environment) => {
  const response = await send(harness.app, `${harness.issuers[environment]}/.well-known/jwks.json`);
  return { response, text: await response.text() };
};

/** RFC 7518, section 6: every member that is private in any kind of key. */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

test.each(environments)('A16 the key set of %s has these members and no others', async (environment) => {
  const { response, text } = await jwksOf(environment);
  expect(response.status).toBe(200);
  const jwks = JSON.parse(text) as { keys: Record<string, unknown>[] };
  expect(Object.keys(jwks)).toEqual(['keys']);
  expect(jwks.keys).toHaveLength(harness.rules.keyRing.published(environment).length);
  for (const key of jwks.keys) {
    expect(Object.keys(key).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    expect(Object.keys(key).filter((member) => privateMembers.includes(member))).toEqual([]);
    expect(key).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' });
  }
});

test('A16 the key set shows no private member even if a stored public key has one', () => {
  const key = harness.rules.keyRing.signer('test');
  const careless = { ...key, publicJwk: { ...key.publicJwk, d: 'private', k: 'private', p: 'private' } };
  const shown = JSON.stringify(publicJwksOf([careless]));
  expect(shown).toContain(key.kid);
  expect(shown).not.toContain('private');
});

test('A16 the private keys that sign cannot be taken out of the process’s own key objects', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const seen = (key: object) => inspect(key, { depth: null, showHidden: true });
  expect(seen([privateKey])).toMatch(/private/i);
  for (const key of environments.flatMap((environment) => harness.rules.keyRing.published(environment))) {
    expect(seen(key)).toContain(key.kid);
    expect(seen(key)).not.toMatch(/private|\bd: /i);
    expect(Object.keys(key.publicJwk).filter((member) => privateMembers.includes(member))).toEqual([]);
  }
});

test('A16 each environment shows its own keys only', async () => {
  const kids = await Promise.all(
    environments.map(async (environment) => {
      const { keys } = JSON.parse((await jwksOf(environment)).text) as { keys: { kid: string }[] };
      return keys.map(({ kid }) => kid);
    }),
  );
  const all = kids.flat();
  expect(new Set(all).size).toBe(all.length);
});
