import { afterAll, beforeAll, expect, test } from 'vitest';
import { createForge, encode, expectAllRefused, type Forge, useToken } from '../support/forge.ts';
import { createHarness, type Harness } from '../support/harness.ts';

let harness: Harness;
let forge: Forge;
beforeAll(async () => {
  harness = await createHarness();
  forge = await createForge(harness);
});
afterAll(() => harness.stop());

const spellings = ['none', 'None', 'NONE', 'nOnE', 'none ', ' none', 'none\0', 'ｎｏｎｅ', '', null, false, 0, [], {}];

test('A1 a token without a signature counts nothing, however its header spells that there is none', async () => {
  const { genuine } = forge;
  const [, payload, signature] = genuine.segments;
  const headers = spellings.map((alg) => encode(JSON.stringify({ ...genuine.header, alg })));
  const { alg: _alg, ...withoutAlg } = genuine.header;
  headers.push(encode(JSON.stringify(withoutAlg)));

  await expectAllRefused(
    harness,
    headers.flatMap((header) =>
      [`${header}.${payload}.`, `${header}.${payload}`, `${header}.${payload}.${signature}`].map(
        (jws) => genuine.prefix + jws,
      ),
    ),
  );
});

test('A1 a token that keeps the genuine header and drops its signature counts nothing', async () => {
  const [header, payload] = forge.genuine.segments;
  await expectAllRefused(harness, [
    `${forge.genuine.prefix}${header}.${payload}.`,
    `${forge.genuine.prefix}${header}.${payload}`,
  ]);
  expect((await useToken(harness, forge.token)).status).toBe(200);
});
