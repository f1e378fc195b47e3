import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Stripe } from 'stripe';
import { expect, onTestFinished, test } from 'vitest';
import { createLogger } from '../../server/log.ts';
import { createAsking } from '../../server/payments/stripe/ask.ts';
import { createTestClock } from '../support/harness.ts';
import { testKey } from '../support/stripe-payments.ts';

const owner = { merchantId: 'mer_1', environment: 'test' } as const;

/** A Stripe that takes every request and answers none. */
async function startSilent(patienceMs: number) {
  let requests = 0;
  const server = createServer(() => void (requests += 1)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => server.closeAllConnections());
  const clock = createTestClock();
  const beginAsking = createAsking({
    accounts: { find: async () => ({ secretKey: testKey, webhookSecret: null }) },
    clock,
    logger: createLogger({ level: 'silent', destination: process.stderr }),
    apiBase: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    patienceMs,
  });
  return { clock, beginAsking, requests: () => requests };
}

const retrieve = (stripe: Stripe) => stripe.subscriptions.retrieve('sub_1');
const inTime = { code: 'UNAVAILABLE', extensions: { retryAfterSeconds: 5 } };

test('a Stripe that does not answer is waited for no longer than a request may take, its retries included', async () => {
  const { beginAsking, requests } = await startSilent(200);
  await expect(beginAsking()(owner, 'Subscriptions: write', retrieve)).rejects.toMatchObject(inTime);
  // The library would have begun another one by the time that it gives up.
  expect(requests()).toBe(1);
});

test('all that one call asks shares its patience', async () => {
  const { beginAsking, clock, requests } = await startSilent(8_000);
  const ask = beginAsking();
  clock.advance(8_001);
  await expect(ask(owner, 'Subscriptions: write', retrieve)).rejects.toMatchObject(inTime);
  expect(requests()).toBe(0);
});

test('a hundred wait for Stripe at once, and whoever comes then is told so at once', async () => {
  const { beginAsking, requests } = await startSilent(1_000);
  const waiting = Array.from({ length: 100 }, () => beginAsking()(owner, 'Subscriptions: write', retrieve));
  const outcomes = Promise.allSettled(waiting);
  const next = beginAsking()(owner, 'Subscriptions: write', retrieve).catch((error: unknown) => error);
  expect(await Promise.race([outcomes, next])).toMatchObject(inTime);
  expect(requests()).toBeLessThanOrEqual(100);
  await outcomes;
});
