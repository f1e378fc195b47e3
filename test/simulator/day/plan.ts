import * as fc from 'fast-check';
import type { DaySetting, Plan, Step, TimedStep } from './step.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

/** Short and long alike: as likely between 1 and 10 as between 1,000 and 10,000. */
const logarithmic = (least: number, most: number) =>
  fc.nat({ max: 1_000 }).map((part) => Math.round(least * (most / least) ** (part / 1_000)));

const tab = fc.nat({ max: 19 });
const forMs = logarithmic(100, 30 * minuteMs);
const login = {
  afterMs: logarithmic(1, 2 * hourMs),
  as: fc.constantFrom('the same', 'another'),
  by: fc.constantFrom('retry', 'reload'),
} as const;
const kindOf = <Kind extends Step['kind']>(...kinds: [Kind, ...Kind[]]) => fc.constantFrom(...kinds);
const often = <Kind extends Step>(weight: number, arbitrary: fc.Arbitrary<Kind>) => ({ weight, arbitrary });

const step: fc.Arbitrary<Step> = fc.oneof(
  often(10, fc.record({ kind: kindOf('operate'), tab })),
  often(4, fc.record({ kind: kindOf('operateAll') })),
  often(8, fc.record({ kind: kindOf('become'), tab, state: fc.constantFrom('visible', 'hidden', 'frozen') })),
  often(3, fc.record({ kind: kindOf('reload', 'close', 'cache'), tab })),
  often(2, fc.record({ kind: kindOf('open') })),
  often(3, fc.record({ kind: kindOf('sleep'), forMs: logarithmic(1_000, 10 * hourMs) })),
  often(4, fc.record({ kind: kindOf('offline', 'slow', 'restart'), forMs })),
  often(
    3,
    fc.record({
      kind: kindOf('trouble'),
      trouble: fc.constantFrom('unreachable', 'silent', '500', '503', '429', 'html', '204', 'empty'),
      forMs,
    }),
  ),
  often(2, fc.record({ kind: kindOf('setCalendar'), byMs: fc.integer({ min: -dayMs, max: dayMs }) })),
  often(3, fc.record({ kind: kindOf('revoke'), by: fc.constantFrom('session', 'customer', 'all'), tab })),
  often(1, fc.record({ kind: kindOf('revokeKey') })),
  often(1, fc.record({ kind: kindOf('rollKey'), overlapMs: fc.nat({ max: 2 * hourMs }) })),
  often(1, fc.record({ kind: kindOf('dropSigningKey'), forMs })),
  often(2, fc.record({ kind: kindOf('signOut'), tab, ...login })),
  often(2, fc.record({ kind: kindOf('leave', 'changeUser'), ...login })),
);

const setting: fc.Arbitrary<DaySetting> = fc.record({
  seed: fc.nat(),
  tabs: fc.integer({ min: 1, max: 20 }),
  // A day of 60 s tokens costs 1,700 asks: few of the shortest.
  lifetimeSeconds: fc.oneof(
    { weight: 1, arbitrary: logarithmic(60, 400) },
    { weight: 19, arbitrary: logarithmic(400, 86_400) },
  ),
  monotonicInSleep: fc.constantFrom('stops', 'goes on'),
  calendarAheadMs: fc.constantFrom(0, -dayMs, dayMs, 90 * minuteMs),
});

/** One after the other, each after its pause, while the day lasts. */
function timed(steps: readonly (readonly [pauseMs: number, step: Step])[]): TimedStep[] {
  let atMs = 0;
  return steps.map(([pauseMs, each]) => ({ atMs: (atMs += pauseMs), step: each })).filter((each) => each.atMs < dayMs);
}

const plans: fc.Arbitrary<Plan> = fc.record({
  setting,
  steps: fc.array(fc.tuple(logarithmic(1, 2 * hourMs), step), { maxLength: 60, size: 'max' }).map(timed),
});

/** The day of this seed. */
export function planOf(seed: number): Plan {
  const [plan] = fc.sample(plans, { seed, numRuns: 1, unbiased: true });
  if (!plan) throw new TypeError('There is no such day.');
  return plan;
}
