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

test('A9 a truncated token is refused, wherever it was cut', async () => {
  const { token, genuine } = forge;
  const cuts = Array.from({ length: token.length - genuine.prefix.length }, (_, index) => token.slice(0, -1 - index));
  await expectAllRefused(harness, cuts);
});

test('A9 a token that is longer by a character is refused', async () => {
  const { token } = forge;
  await expectAllRefused(harness, [`${token}A`, `${token}.`, `${token}=`, `${token}-`, `${token}/`, `${token}~`]);
});

test('A9 a token has three parts that are not empty: any other number is refused', async () => {
  const { genuine } = forge;
  const [header, payload, signature] = genuine.segments;
  const shapes = [
    '',
    '.',
    '..',
    '...',
    '....',
    header,
    `${header}.${payload}`,
    `${header}..${signature}`,
    `.${payload}.${signature}`,
    `${header}.${payload}.`,
    `.${header}.${payload}.${signature}`,
    `${header}.${payload}.${signature}.${signature}`,
    `${header}.${payload}.${signature}..`,
    // Five parts are an encrypted token (JWE).
    `${header}.${payload}.${signature}.${payload}.${signature}`,
    `${header}....`,
    `${payload}.${header}.${signature}`,
  ];
  await expectAllRefused(
    harness,
    shapes.map((shape) => genuine.prefix + shape),
  );
});

test('A9 a token in the JSON serialisation is refused, plain and encoded', async () => {
  const [protectedHeader, payload, signature] = forge.genuine.segments;
  const flattened = JSON.stringify({ protected: protectedHeader, payload, signature });
  const general = JSON.stringify({ payload, signatures: [{ protected: protectedHeader, signature }] });
  const spellings = [flattened, general].flatMap((text) => [text, encode(text)]);
  await expectAllRefused(
    harness,
    spellings.flatMap((text) => [text, forge.genuine.prefix + text]),
  );
});
