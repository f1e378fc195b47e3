import { afterAll, beforeAll, expect, test } from 'vitest';
import { createForge, encode, expectAllRefused, type Forge, sign } from '../support/forge.ts';
import { createHarness, type Harness } from '../support/harness.ts';

let harness: Harness;
let forge: Forge;
beforeAll(async () => {
  harness = await createHarness();
  forge = await createForge(harness);
});
afterAll(() => harness.stop());

const kids: unknown[] = [
  '../../../../dev/null',
  '/etc/passwd',
  'file:///dev/null',
  'https://attacker.example/jwks.json',
  "' or '1'='1",
  "x'; drop table signing_keys; --",
  '\0',
  'kid\0',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '*',
  '%',
  '',
  0,
  1,
  true,
  null,
  [],
  {},
  { toString: 'x' },
  ['__proto__'],
];

test('A3 a kid that is no key of ours finds none: no path, SQL, NUL, object or member of a prototype', async () => {
  const { genuine, publicJwk, privateKey } = forge;
  const own = publicJwk.kid ?? '';
  const nearly = [`${own}\0`, `${own} `, ` ${own}`, own.toUpperCase(), own.slice(0, -1), [own], { kid: own }];
  const statements = harness.statements.length;

  const tokens = [...kids, ...nearly].map((kid) => sign(privateKey, { ...genuine.header, kid }, genuine.payload));
  const { kid: _kid, ...withoutKid } = genuine.header;
  tokens.push(sign(privateKey, withoutKid, genuine.payload));
  await expectAllRefused(
    harness,
    (await Promise.all(tokens)).map((jws) => genuine.prefix + jws),
  );

  // A kid is never asked for in the database: the feed reads all keys.
  expect(
    harness.statements
      .slice(statements)
      .filter((statement) => statement.includes('signing_keys') && statement.includes('where')),
  ).toEqual([]);
});

test('A3 a header named __proto__ lends no kid', async () => {
  const { genuine, privateKey } = forge;
  const { kid, ...rest } = genuine.header;
  const header = JSON.stringify(rest).replace('{', `{"__proto__":${JSON.stringify({ kid })},`);
  await expectAllRefused(harness, [
    genuine.prefix + (await sign(privateKey, header, genuine.payload)),
    `${genuine.prefix}${encode('__proto__')}.${genuine.segments[1]}.${genuine.segments[2]}`,
    `${genuine.prefix}__proto__.${genuine.segments[1]}.${genuine.segments[2]}`,
    `${genuine.prefix}constructor.${genuine.segments[1]}.${genuine.segments[2]}`,
  ]);
});
