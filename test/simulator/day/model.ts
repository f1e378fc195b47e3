import * as fc from 'fast-check';
import { beginDay, type Day, type DaySetting, type Step } from './day.ts';
import type { OpenClient } from './page-client.ts';
import type { Service } from './service.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Short and long alike: as likely between 1 and 10 as between 1,000 and 10,000. */
const logarithmic = (least: number, most: number) =>
  fc.nat({ max: 1_000 }).map((part) => Math.round(least * (most / least) ** (part / 1_000)));

const tab = fc.nat({ max: 19 });
const forMs = logarithmic(100, 30 * minuteMs);
const kindOf = <Kind extends Step['kind']>(...kinds: [Kind, ...Kind[]]) => fc.constantFrom(...kinds);

const steps = fc.oneof(
  { weight: 10, arbitrary: fc.record({ kind: kindOf('operate'), tab }) },
  { weight: 4, arbitrary: fc.record({ kind: kindOf('operateAll') }) },
  {
    weight: 8,
    arbitrary: fc.record({ kind: kindOf('become'), tab, state: fc.constantFrom('visible', 'hidden', 'frozen') }),
  },
  { weight: 3, arbitrary: fc.record({ kind: kindOf('reload', 'close', 'cache'), tab }) },
  { weight: 2, arbitrary: fc.record({ kind: kindOf('open') }) },
  { weight: 3, arbitrary: fc.record({ kind: kindOf('sleep'), forMs: logarithmic(1_000, 10 * hourMs) }) },
  { weight: 4, arbitrary: fc.record({ kind: kindOf('offline', 'slow', 'restart'), forMs }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: kindOf('trouble'),
      trouble: fc.constantFrom('unreachable', 'silent', '500', '503', '429', 'html', '204', 'empty'),
      forMs,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: kindOf('setCalendar'), byMs: fc.integer({ min: -dayMs, max: dayMs }) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: kindOf('revoke'), by: fc.constantFrom('customer', 'all'), tab }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kindOf('revokeKey') }) },
  { weight: 1, arbitrary: fc.record({ kind: kindOf('rollKey'), overlapMs: fc.nat({ max: 2 * hourMs }) }) },
  { weight: 1, arbitrary: fc.record({ kind: kindOf('dropSigningKey'), forMs }) },
  { weight: 1, arbitrary: fc.record({ kind: kindOf('signOut'), tab }) },
  { weight: 3, arbitrary: fc.record({ kind: kindOf('logIn', 'logInAsAnother') }) },
) satisfies fc.Arbitrary<Step>;

/** A step of a day, after a pause. */
const commandOf = (pauseMs: number, step: Step): fc.AsyncCommand<object, Day> => ({
  check: () => true,
  run: (_model, day) => day.step(pauseMs, step),
  toString() {
    const { kind, ...details } = step;
    return `after ${pauseMs} ms: ${[kind, ...Object.values(details)].join(' ')}`;
  },
});

const commands = fc.commands(
  [fc.tuple(logarithmic(1, 2 * hourMs), steps).map(([pauseMs, step]) => commandOf(pauseMs, step))],
  { maxCommands: 60, size: 'max' },
);

const settings: fc.Arbitrary<DaySetting> = fc.record({
  seed: fc.nat(),
  tabs: fc.integer({ min: 1, max: 20 }),
  lifetimeSeconds: fc.oneof(
    { weight: 1, arbitrary: fc.constant(60) },
    { weight: 20, arbitrary: logarithmic(60, 86_400) },
  ),
  monotonicInSleep: fc.constantFrom('stops', 'goes on'),
  calendarAheadMs: fc.constantFrom(0, -dayMs, dayMs, 90 * minuteMs),
});

export interface Tally {
  tabs: number;
  operations: number;
  judged: number;
  fetches: number;
  longestWaitMs: number;
}

export const emptyTally = (): Tally => ({ tabs: 0, operations: 0, judged: 0, fetches: 0, longestWaitMs: 0 });

/** Lives the day of this seed; one that breaks a promise is made as short as possible. @returns what to read of it, if it does. */
export async function liveDay(
  service: Service,
  seed: number,
  openClient: OpenClient,
  tally = emptyTally(),
  shrinkForMs = 30_000,
): Promise<string | undefined> {
  const property = fc.asyncProperty(settings, commands, async (setting, steps) => {
    const day = await beginDay(service, setting, openClient);
    try {
      await fc.asyncModelRun(() => ({ model: {}, real: day }), steps);
      await day.end();
    } finally {
      await service.start();
    }
    const { counts } = day.ledger;
    tally.tabs += setting.tabs;
    tally.operations += counts.operations;
    tally.judged += counts.judged;
    tally.fetches += day.ledger.fetches();
    tally.longestWaitMs = Math.max(tally.longestWaitMs, counts.stalledMs);
  });
  const found = await fc.check(property, {
    seed,
    numRuns: 1,
    unbiased: true,
    ...(shrinkForMs > 0 ? { interruptAfterTimeLimit: shrinkForMs } : { endOnFailure: true }),
  });
  if (!found.failed) return undefined;
  const [setting, shrunk] = found.counterexample ?? [];
  return `seed ${seed}: ${String(found.errorInstance)}\n${JSON.stringify(setting)}\n${String(shrunk).replaceAll(',after', '\nafter')}`;
}
