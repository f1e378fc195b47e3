import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createForge, expectAllRefused, expectRefused, type Forge, openToken, useToken } from '../support/forge.ts';
import { createHarness, createTestClock, type Harness } from '../support/harness.ts';

let harness: Harness;
let forge: Forge;
// Stands at the middle of a second, and moves only when told to.
let nowMs = Math.floor(Date.now() / 1000) * 1000 + 500;
const clock = { ...createTestClock(), now: () => nowMs };
const nowSeconds = () => Math.floor(nowMs / 1000);
beforeAll(async () => {
  harness = await createHarness({ clock });
  forge = await createForge(harness);
});
afterAll(() => harness.stop());

/** A new token, and when it will be over. */
const tokenWithEnd = async () => {
  const { sessionToken } = await harness.merchant.billingos.createSessionToken({ externalUserId: 'ada' });
  return { sessionToken, expiresAtMs: Number(openToken(sessionToken).payload['exp']) * 1000 };
};

describe('the end of a token', () => {
  test.each([
    ['counts a second before it', -1_000, 200],
    ['counts a millisecond before it', -1, 200],
    ['is over at it', 0, 401],
    ['is over a second after it', 1_000, 401],
  ])('A6 a token %s', async (_title, offsetMs, status) => {
    const { sessionToken, expiresAtMs } = await tokenWithEnd();
    const before = nowMs;
    nowMs = expiresAtMs + offsetMs;
    const answer = await useToken(harness, sessionToken);
    expect(answer.status).toBe(status);
    expect(answer.code).toBe(status === 401 ? 'TOKEN_EXPIRED' : undefined);
    nowMs = before;
  });

  test('A6 a token that was accepted before is over at its end all the same', async () => {
    const { sessionToken, expiresAtMs } = await tokenWithEnd();
    const before = nowMs;
    expect((await useToken(harness, sessionToken)).status).toBe(200);
    nowMs = expiresAtMs;
    expect((await useToken(harness, sessionToken)).code).toBe('TOKEN_EXPIRED');
    nowMs = before;
  });

  test('A6 an expired token whose signature does not hold is told nothing about its end', async () => {
    const token = await forge.signed({ payload: { iat: nowSeconds() - 120, exp: nowSeconds() - 60 } });
    expect((await useToken(harness, token)).code).toBe('TOKEN_EXPIRED');
    const { prefix, segments } = openToken(token);
    const { segments: genuine } = forge.genuine;
    expectRefused(await useToken(harness, `${prefix}${segments[0]}.${segments[1]}.${genuine[2]}`));
  });
});

describe('the beginning of a token', () => {
  test.each([
    ['is now', 0, 200],
    ['lies 5 seconds ahead: clocks differ that much', 5, 200],
    ['lies 6 seconds ahead', 6, 401],
    ['lies an hour ahead', 3_600, 401],
  ])('A6 a token whose moment of issue %s is answered with its due', async (_title, aheadSeconds, status) => {
    const iat = nowSeconds() + aheadSeconds;
    const token = await forge.signed({ payload: { iat, exp: iat + 60 } });
    const answer = await useToken(harness, token);
    expect(answer.status).toBe(status);
    if (status === 401) expectRefused(answer);
  });

  test('A6 a token with a moment before which it does not count (nbf) waits for it', async () => {
    const waiting = { payload: { iat: nowSeconds(), exp: nowSeconds() + 600, nbf: nowSeconds() + 60 } };
    await expectAllRefused(harness, [await forge.signed(waiting)]);
  });
});

test('A6 a token that lives longer than 24 hours is refused though the real key signed it', async () => {
  const iat = nowSeconds();
  const longest = await forge.signed({ payload: { iat, exp: iat + 86_400 } });
  expect((await useToken(harness, longest)).status).toBe(200);
  const lifetimes = [86_401, 100_000, 10 * 365 * 86_400, Number.MAX_SAFE_INTEGER - iat];
  await expectAllRefused(
    harness,
    await Promise.all(lifetimes.map((seconds) => forge.signed({ payload: { iat, exp: iat + seconds } }))),
  );
});

test('A6 a token that has lived for long is refused even if it says it was issued in the distant past', async () => {
  const token = await forge.signed({ payload: { iat: 0, exp: nowSeconds() + 60 } });
  await expectAllRefused(harness, [token]);
});

const claims = ['iss', 'aud', 'sub', 'sid', 'key', 'env', 'scope', 'iat', 'exp'];

test.each(claims)('A6 a token without the claim %s is refused though the real key signed it', async (claim) => {
  expect(forge.genuine.payload).toHaveProperty(claim);
  // An empty scope is there: it is that of a token that may do nothing.
  const values = [undefined, null, [], {}, true, ...(claim === 'scope' ? [] : [''])];
  const tokens = values.map((value) => forge.signed({ payload: { [claim]: value } }));
  await expectAllRefused(harness, await Promise.all(tokens));
});

test('A6 times that are no whole seconds are refused though the real key signed them', async () => {
  const { iat, exp } = forge.genuine.payload;
  const times = [String(exp), Number(exp) + 0.5, '1e99', [exp]];
  await expectAllRefused(harness, await Promise.all(times.map((time) => forge.signed({ payload: { exp: time } }))));
  await expectAllRefused(harness, [
    await forge.signed({ payload: { iat: String(iat) } }),
    await forge.signed({ payload: { iat: Number(iat) + 0.5 } }),
  ]);
});

test('A6 an empty or unknown scope allows nothing', async () => {
  for (const scope of ['', 'WRITE_EVERYTHING', '**', 'read_customer', 'READ_CUSTOMER\0']) {
    const token = await forge.signed({ payload: { scope } });
    expect((await harness.graphql(token, '{ viewer { id } }')).code).toBe('FORBIDDEN');
  }
});
