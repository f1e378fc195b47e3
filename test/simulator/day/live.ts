import { beginDay } from './day.ts';
import { BrokenPromise } from './ledger.ts';
import type { OpenClient } from './page-client.ts';
import type { Service } from './service.ts';
import { shortest } from './shortest.ts';
import { textOfPlan, type Plan } from './step.ts';

/** What came of a day, or of several. */
export interface Tally {
  days: number;
  tabs: number;
  operations: number;
  /** Of which the world allowed no failure. */
  judged: number;
  failed: number;
  /** Of the judged ones, those that took a second or more. */
  stalled: number;
  fetches: number;
  longestWaitMs: number;
}

export const emptyTally: Tally = {
  days: 0,
  tabs: 0,
  operations: 0,
  judged: 0,
  failed: 0,
  stalled: 0,
  fetches: 0,
  longestWaitMs: 0,
};

export const sumOf = (one: Tally, other: Tally): Tally => ({
  days: one.days + other.days,
  tabs: one.tabs + other.tabs,
  operations: one.operations + other.operations,
  judged: one.judged + other.judged,
  failed: one.failed + other.failed,
  stalled: one.stalled + other.stalled,
  fetches: one.fetches + other.fetches,
  longestWaitMs: Math.max(one.longestWaitMs, other.longestWaitMs),
});

export type LivedDay =
  | { readonly kind: 'kept'; readonly tally: Tally; readonly trace: readonly string[] }
  | { readonly kind: 'broken'; readonly tally: Tally; readonly promise: string; readonly trace: readonly string[] };

/** Lives one day. The same plan gives the same trace. */
export async function liveDay(service: Service, plan: Plan, openClient: OpenClient): Promise<LivedDay> {
  const day = await beginDay(service, plan.setting, openClient);
  const { trace, counts, fetches } = day.ledger;
  const tally = () => ({ days: 1, tabs: day.openedCount(), ...counts, fetches: fetches() });
  try {
    for (const { atMs, step } of plan.steps) await day.step(atMs, step);
    await day.end();
    return { kind: 'kept', trace, tally: tally() };
  } catch (error) {
    if (error instanceof BrokenPromise) return { kind: 'broken', trace, tally: tally(), promise: error.message };
    throw error;
  } finally {
    await service.start();
  }
}

/** The shortest day found in this time that breaks the same promise. @returns what to read of it. */
export async function explain(
  service: Service,
  plan: Plan,
  openClient: OpenClient,
  shrinkForMs = 60_000,
): Promise<string> {
  const untilMs = performance.now() + shrinkForMs;
  const promiseOf = async (candidate: Plan) => {
    if (performance.now() > untilMs) return undefined;
    const lived = await liveDay(service, candidate, openClient);
    return lived.kind === 'broken' ? lived.promise : undefined;
  };
  const promise = await promiseOf(plan);
  const isSame = (other: string | undefined) => other !== undefined && kindOf(other) === kindOf(promise ?? '');
  const { setting } = plan;
  const steps = await shortest(plan.steps, async (fewer) => isSame(await promiseOf({ setting, steps: fewer })));
  let found: Plan = { setting, steps };
  for (let tabs = 1; tabs < setting.tabs; tabs += 1) {
    const smaller = { setting: { ...setting, tabs }, steps };
    if (!isSame(await promiseOf(smaller))) continue;
    found = smaller;
    break;
  }
  const lived = await liveDay(service, found, openClient);
  return `${lived.kind === 'broken' ? lived.promise : 'another day'}\n${textOfPlan(found)}`;
}

/** Two days break the same promise when they differ in figures only. */
export const kindOf = (promise: string) => promise.replaceAll(/\d+/g, '#');
