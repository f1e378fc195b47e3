import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Listener } from '../../server/http/listener.ts';
import { createForge, encode, expectAllRefused, type Forge, useToken, whoAmI } from '../support/forge.ts';
import { createHarness, type Harness } from '../support/harness.ts';
import { graphqlBytes, listenFor, sendBytes } from '../support/raw-http.ts';

let harness: Harness;
let forge: Forge;
let listener: Listener;
beforeAll(async () => {
  harness = await createHarness();
  forge = await createForge(harness);
  listener = await listenFor(harness);
});
afterAll(async () => {
  await listener.close(0);
  await harness.stop();
});

const sizes = [1_024, 2_047, 2_048, 2_049, 4_096, 12_000, 65_536, 1_048_576];

/** Four ways to be large: no structure, many dots, one long part, a long signature. */
function tokensOf(size: number): string[] {
  const [header, payload, signature] = forge.genuine.segments;
  const fill = (text: string, unit: string) => text + unit.repeat(Math.max(0, size - text.length));
  return ['A', '.', `${header}.`, `${header}.${payload}.`, `${header}.${payload}.${signature}`].map((start) =>
    fill(forge.genuine.prefix + start, start === '.' ? '.' : 'A').slice(0, size),
  );
}

test.each(sizes)('A10 a token of %i bytes is refused, and no database is asked for it', async (size) => {
  const statements = harness.requestStatements().length;
  await expectAllRefused(harness, tokensOf(size));
  expect(harness.requestStatements().length).toBe(statements);
});

test('A10 a token counts up to 2048 characters, and one more is refused though the real key signed it', async () => {
  const bare = await forge.signed({ payload: { pad: '' } });
  // Three bytes are four characters.
  const pad = 'x'.repeat(Math.floor(((2_048 - bare.length) * 3) / 4));
  const longest = await forge.signed({ payload: { pad } });
  expect(longest.length).toBeLessThanOrEqual(2_048);
  expect(longest.length).toBeGreaterThan(2_040);
  expect((await useToken(harness, longest)).status).toBe(200);
  const longer = await forge.signed({ payload: { pad: `${pad}xxxxxxxx` } });
  expect(longer.length).toBeGreaterThan(2_048);
  await expectAllRefused(harness, [longer]);
});

test('A10 a header that does not end is cut off before it reaches the app', async () => {
  for (const size of sizes) {
    const { status, body } = await sendBytes(
      listener.port,
      graphqlBytes({ lines: [`Authorization: Bearer ${forge.genuine.prefix}${'A'.repeat(size)}`], query: whoAmI }),
    );
    expect(status, `${size} bytes`).toBe(size < 16_000 ? 401 : 431);
    expect(body).not.toContain('AAAA');
  }
  const requests = harness.logLines.filter((line) => line.includes('"msg":"request"')).length;
  await sendBytes(
    listener.port,
    graphqlBytes({ lines: [`Authorization: Bearer ${encode('x'.repeat(99_999))}`], query: whoAmI }),
  );
  expect(harness.logLines.filter((line) => line.includes('"msg":"request"')).length).toBe(requests);
});
