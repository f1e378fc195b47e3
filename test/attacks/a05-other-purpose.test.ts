import { afterAll, beforeAll, expect, test } from 'vitest';
import { createForge, expectAllRefused, type Forge, sign, useToken } from '../support/forge.ts';
import { createHarness, type Harness } from '../support/harness.ts';

let harness: Harness;
let forge: Forge;
beforeAll(async () => {
  harness = await createHarness();
  forge = await createForge(harness);
});
afterAll(() => harness.stop());

test('A5 a token of another type is refused though the real key signed it', async () => {
  const types = ['JWT', 'at+jwt', 'bos-webhook+jwt', 'application/bos-session+jwt', 'BOS-SESSION+JWT', '', null, 1];
  await expectAllRefused(harness, await Promise.all(types.map((typ) => forge.signed({ header: { typ } }))));
  await expectAllRefused(harness, [await forge.signed({ header: { typ: undefined } })]);
});

test('A5 a token that another algorithm is named for is refused though the real key signed it', async () => {
  const { genuine, privateKey } = forge;
  const algorithms = ['ES384', 'ES512', 'ES256K', 'EdDSA', 'RS256', 'PS256', 'es256', 'ES256 ', ['ES256']];
  const tokens = algorithms.map((alg) => sign(privateKey, { ...genuine.header, alg }, genuine.payload));
  await expectAllRefused(
    harness,
    (await Promise.all(tokens)).map((jws) => genuine.prefix + jws),
  );
});

test('A5 an audience that is not one merchant is refused though the real key signed it', async () => {
  const { id } = harness.merchant;
  const audiences = [undefined, null, '', [], [id], [id, harness.rival.id], {}, 1, harness.issuers.test, '*', `${id} `];
  await expectAllRefused(harness, await Promise.all(audiences.map((aud) => forge.signed({ payload: { aud } }))));
});

test('A5 an audience of another merchant finds none of this merchant’s data', async () => {
  const token = await forge.signed({ payload: { aud: harness.rival.id } });
  const answer = await harness.graphql(token, '{ viewer { id } currentSession { id } }');
  expect(answer.data).toBeNull();
  expect(answer.code).toBe('NOT_FOUND');
  expect((await useToken(harness, forge.token)).status).toBe(200);
});
