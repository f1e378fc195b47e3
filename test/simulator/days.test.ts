import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase } from '../support/postgres.ts';
import { explain, liveDay } from './day/live.ts';
import { openNaiveClient, type Flaw } from './day/naive-client.ts';
import { openBillingClient } from './day/page-client.ts';
import { planOf } from './day/plan.ts';
import { openService, type Service } from './day/service.ts';
import type { DaySetting, Plan, Step } from './day/step.ts';

// More of them: node --import tsx test/simulator/day/run.ts --seeds 10000
const seeds = 10;
const hourMs = 3_600_000;

let service: Service;
beforeAll(async () => {
  service = await openService(await createDatabase());
});
afterAll(() => service.close());

const quiet: DaySetting = {
  seed: 1,
  tabs: 1,
  lifetimeSeconds: 3600,
  monotonicInSleep: 'stops',
  calendarAheadMs: 0,
};

const every = (periodMs: number, ...steps: Step[]): Plan => ({
  setting: quiet,
  steps: steps.map((step, index) => ({ atMs: (index + 1) * periodMs, step })),
});
const hourly = (...steps: Step[]) => every(hourMs, ...steps);

const operate: Step = { kind: 'operate', tab: 0 };
const login = { afterMs: 2 * hourMs, as: 'another', by: 'retry' } as const;
const changeUser: Step = { kind: 'changeUser', ...login };
const signOut: Step = { kind: 'signOut', tab: 0, ...login };

test('no day breaks a promise', { timeout: 120_000 }, async () => {
  for (let seed = 0; seed < seeds; seed += 1) {
    const lived = await liveDay(service, planOf(seed), openBillingClient);
    if (lived.kind === 'broken')
      expect.fail(`seed ${seed}: ${await explain(service, planOf(seed), openBillingClient)}`);
  }
});

test('the same seed is the same day', async () => {
  const first = await liveDay(service, planOf(1), openBillingClient);
  const second = await liveDay(service, planOf(1), openBillingClient);
  expect(first.trace.length).toBeGreaterThan(50);
  expect(second).toEqual(first);
});

test('a client without a flaw passes a quiet day', async () => {
  await expect(liveDay(service, hourly(operate, operate), openNaiveClient(undefined))).resolves.toMatchObject({
    kind: 'kept',
    tally: { operations: 3, judged: 3 },
  });
});

test.each<[flaw: Flaw, plan: Plan, promise: RegExp]>([
  ['never renews', hourly(operate, operate), /^an operation failed with TOKEN_EXPIRED/],
  ['never answers', hourly(operate, operate), /^an operation waits/],
  ['asks for each operation', every(60_000, operate, operate, operate, operate), /fetches where \d+ are allowed/],
  ['keeps the token after sign-out', hourly(operate, signOut, operate), /^a token is held after sign-out/],
  ['shows whoever was here first', hourly(operate, changeUser, operate), /^an operation showed .* another customer/],
  ['leaves a timer behind', hourly(operate), /^left behind: 1 timers/],
  [
    'hangs after an outage',
    every(60_000, { kind: 'offline', forMs: 600_000 }, operate, operate),
    /^an operation (waits|never ends)/,
  ],
  ['ignores retry', every(600_000, operate, changeUser, operate), /data of another user/],
])('a client that %s is noticed', async (flaw, plan, promise) => {
  await expect(liveDay(service, plan, openNaiveClient(flaw))).resolves.toMatchObject({
    kind: 'broken',
    promise: expect.stringMatching(promise),
  });
});

test('a client that asks in each tab at once is noticed', async () => {
  const plan = { ...hourly(operate), setting: { ...quiet, tabs: 2 } };
  await expect(liveDay(service, plan, openNaiveClient(undefined))).resolves.toMatchObject({
    promise: expect.stringMatching(/^two asks within 0 ms/),
  });
});

test('of a day that breaks a promise only what it takes is told', async () => {
  const hide: Step = { kind: 'become', tab: 0, state: 'hidden' };
  const plan = hourly(
    hide,
    operate,
    { kind: 'offline', forMs: hourMs },
    hide,
    operate,
    operate,
    { kind: 'open' },
    hide,
  );
  const told = await explain(service, plan, openNaiveClient('never renews'));
  expect(told).toMatch(/^an operation failed with TOKEN_EXPIRED/);
  expect(told.split('\n').filter((line) => line.startsWith('  at')).length).toBeLessThan(3);
});
