import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPace } from '../../client/session/pace.ts';
import { backoffMs, leadMs, minimumGapMs } from '../../client/session/schedule.ts';
import { createMerchant } from './support/merchant.ts';
import { sessionOf } from './support/session.ts';
import { createWorld } from './support/world.ts';

const lifetimes = fc.integer({ min: 60, max: 86_400 });
const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('a token is replaced 5 to 90 seconds before its end, and in the last fifth of its life', () => {
  fc.assert(
    fc.property(lifetimes, randoms, (lifetimeSeconds, random) => {
      const lead = leadMs(lifetimeSeconds * 1000, random);
      expect(lead).toBeGreaterThanOrEqual(5_000);
      expect(lead).toBeLessThanOrEqual(90_000);
      expect(lead).toBeLessThanOrEqual(0.2 * lifetimeSeconds * 1000);
    }),
  );
});

test('two pages that were opened together do not ask together', () => {
  expect(leadMs(3_600_000, 0)).not.toBe(leadMs(3_600_000, 0.5));
});

test('a life shorter than any the service issues is used for at least its half', () => {
  expect(leadMs(8_000, 0.9)).toBe(4_000);
});

test('a failed ask is repeated after 5 to 60 seconds, later the more failed before it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), randoms, (failures, random) => {
      const delayMs = backoffMs(failures, random);
      expect(delayMs).toBeGreaterThanOrEqual(minimumGapMs);
      expect(delayMs).toBeLessThanOrEqual(60_000);
    }),
  );
  expect(backoffMs(4, 0.9)).toBeGreaterThan(backoffMs(1, 0.9));
});

test('Retry-After is never undercut up to five minutes, and delays nothing for longer', () => {
  for (const [retryAfterSeconds, delayMs] of [
    [120, 120_000],
    [300, 300_000],
    [86_400, 300_000],
  ] as const) {
    const [untilDueMs, , failed] = createPace(
      () => 0,
      () => 0,
    );
    failed(retryAfterSeconds);
    expect(untilDueMs(-Infinity)).toBe(delayMs);
  }
});

test('for every lifetime from 60 to 86,400 seconds and any chance, a token serves more than four fifths of its life', () => {
  for (let lifetimeSeconds = 60; lifetimeSeconds <= 86_400; lifetimeSeconds += 1) {
    for (const random of [0, 0.5, 1 - Number.EPSILON]) {
      const lifetimeMs = lifetimeSeconds * 1000;
      if (lifetimeMs - leadMs(lifetimeMs, random) <= 0.8 * lifetimeMs) expect.fail(`${lifetimeSeconds} s, ${random}`);
    }
  }
});

test('over any time T a real session asks its source at most T / (0.8 × lifetime) + 2 times', async () => {
  await fc.assert(
    fc.asyncProperty(lifetimes, randoms, async (lifetimeSeconds, random) => {
      const world = createWorld({ random: () => random });
      const merchant = createMerchant(world, lifetimeSeconds);
      const session = sessionOf({ getSessionToken: merchant.ask }, world.host);
      session.start();
      const seconds = 5 * lifetimeSeconds;
      await world.advance(seconds * 1000);
      session.dispose();
      expect(merchant.asks.length).toBeLessThanOrEqual(seconds / (0.8 * lifetimeSeconds) + 2);
      expect(merchant.asks.length).toBeGreaterThanOrEqual(5);
    }),
    { numRuns: 30 },
  );
});
