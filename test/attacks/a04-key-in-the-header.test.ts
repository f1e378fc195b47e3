import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createForge, expectAllRefused, type Forge, sign } from '../support/forge.ts';
import { createHarness, type Harness } from '../support/harness.ts';

let harness: Harness;
let forge: Forge;
const asked: string[] = [];
const attacker = createServer((request, response) => {
  asked.push(request.url ?? '');
  response.end('{"keys":[]}');
});
beforeAll(async () => {
  harness = await createHarness();
  forge = await createForge(harness);
  await new Promise<void>((resolve) => attacker.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  attacker.close();
  await harness.stop();
});

test('A4 key material in the header is not used, and no URL in it is fetched', async () => {
  const { genuine } = forge;
  const own = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(own.publicKey)), kid: forge.publicJwk.kid };
  const url = `http://127.0.0.1:${(attacker.address() as AddressInfo).port}/`;
  const members = [
    { jwk },
    { jwk, kid: undefined },
    { jku: `${url}jku` },
    { x5u: `${url}x5u` },
    { x5c: [Buffer.from('certificate').toString('base64')] },
    { x5t: 'x' },
    { iss: url },
    {},
  ];

  const tokens = await Promise.all(
    members.map((more) => sign(own.privateKey, { ...genuine.header, ...more }, genuine.payload)),
  );
  await expectAllRefused(
    harness,
    tokens.map((jws) => genuine.prefix + jws),
  );
  expect(asked).toEqual([]);
});

test('A4 a header has exactly alg, kid and typ: one member more is refused though the real key signed it', async () => {
  const members = [
    { jwk: forge.publicJwk },
    { jku: `${harness.issuers.test}/.well-known/jwks.json` },
    { x5u: 'https://attacker.example' },
    { crit: ['exp'] },
    { crit: [] },
    { b64: false, crit: ['b64'] },
    { zip: 'DEF' },
    { cty: 'JWT' },
    { anything: 1 },
  ];
  await expectAllRefused(harness, await Promise.all(members.map((header) => forge.signed({ header }))));
});
