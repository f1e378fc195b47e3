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

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The other spellings of the same bytes: the unused bits of the last character, set. */
function spellingsOf(segment: string): string[] {
  const bytes = Buffer.from(segment, 'base64url');
  return Array.from(alphabet, (last) => segment.slice(0, -1) + last).filter(
    (spelling) => spelling !== segment && Buffer.from(spelling, 'base64url').equals(bytes),
  );
}

const joined = (segments: readonly string[]) => forge.genuine.prefix + segments.join('.');

test('A12 a token counts in one spelling only: stray bits in a last character are refused', async () => {
  // A payload whose length leaves bits over, and the genuine one, whichever that is.
  const padded = await Promise.all(['', 'x', 'xx'].map((pad) => forge.signed({ payload: { pad } })));
  const tokens = [forge.token, ...padded].flatMap((token) => {
    const segments = token.slice(forge.genuine.prefix.length).split('.');
    return segments.flatMap((segment, index) =>
      spellingsOf(segment).map((spelling) => joined(segments.with(index, spelling))),
    );
  });
  expect(tokens.length).toBeGreaterThan(16);
  await expectAllRefused(harness, tokens);
  expect((await useToken(harness, forge.token)).status).toBe(200);
});

test('A12 a segment with padding or in the other alphabet is refused', async () => {
  const { segments } = forge.genuine;
  const changes = [
    (segment: string) => `${segment}=`,
    (segment: string) => `${segment}==`,
    (segment: string) => `=${segment}`,
    (segment: string) => `${segment.slice(0, 5)}=${segment.slice(5)}`,
    (segment: string) => `${segment.slice(0, 5)}~${segment.slice(5)}`,
  ];
  await expectAllRefused(
    harness,
    segments.flatMap((segment, index) => changes.map((change) => joined(segments.with(index, change(segment))))),
  );
});

test('A12 a segment with + and / for - and _ is refused', async () => {
  // Signatures differ: one of many has the characters that the alphabets write differently.
  const tokens = await Promise.all(Array.from({ length: 20 }, (_, pad) => forge.signed({ payload: { pad } })));
  const respelled = tokens
    .map((token) => [token, token.slice(forge.genuine.prefix.length)] as const)
    .filter(([, jws]) => /[-_]/.test(jws))
    .map(([, jws]) => forge.genuine.prefix + jws.replaceAll('-', '+').replaceAll('_', '/'));
  await expectAllRefused(harness, respelled);
});

test('A12 a header or payload that is encoded twice, or not at all, is refused', async () => {
  const [header, payload, signature] = forge.genuine.segments;
  await expectAllRefused(harness, [
    joined([encode(header), payload, signature]),
    joined([header, encode(payload), signature]),
    joined([header, payload, encode(signature)]),
    joined([Buffer.from(header, 'base64url').toString('hex'), payload, signature]),
    joined([header, payload, Buffer.from(signature, 'base64url').toString('hex')]),
  ]);
});
