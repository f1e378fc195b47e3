import { createHmac, KeyObject } from 'node:crypto';
import { afterAll, beforeAll, test } from 'vitest';
import { createForge, encode, expectAllRefused, type Forge } from '../support/forge.ts';
import { createHarness, type Harness } from '../support/harness.ts';

let harness: Harness;
let forge: Forge;
beforeAll(async () => {
  harness = await createHarness();
  forge = await createForge(harness);
});
afterAll(() => harness.stop());

const hashes = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' };

/** Everything that a library might take for the secret when it is handed the public key. */
function spellingsOfPublicKey(): (string | Buffer)[] {
  const { publicJwk, publicKey } = forge;
  const key = KeyObject.from(publicKey);
  const pem = key.export({ type: 'spki', format: 'pem' }).toString();
  const { kty, crv, x, y } = publicJwk;
  return [
    pem,
    pem.trim(),
    key.export({ type: 'spki', format: 'der' }),
    JSON.stringify(publicJwk),
    JSON.stringify({ crv, kty, x, y }),
    Buffer.from(x ?? '', 'base64url'),
    Buffer.concat([Buffer.from([4]), Buffer.from(x ?? '', 'base64url'), Buffer.from(y ?? '', 'base64url')]),
    publicJwk.kid ?? '',
    '',
  ];
}

test('A2 a token that is signed by HMAC with the public key counts nothing', async () => {
  const { genuine } = forge;
  const [, payload] = genuine.segments;
  const tokens = Object.entries(hashes).flatMap(([alg, hash]) =>
    [{ ...genuine.header, alg }, genuine.header].flatMap((header) => {
      const signed = `${encode(JSON.stringify(header))}.${payload}`;
      return spellingsOfPublicKey().map(
        (secret) => `${genuine.prefix}${signed}.${createHmac(hash, secret).update(signed).digest('base64url')}`,
      );
    }),
  );
  await expectAllRefused(harness, tokens);
});
