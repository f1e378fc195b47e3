import type { Comparison, Sample, Series } from '../comparison.ts';
import type { Effort } from '../effort.ts';
import { startGenerator } from '../load/generator.ts';
import { shortCreations } from '../load/requests.ts';
import { withProcesses } from '../processes/group.ts';
import { startService } from '../processes/service.ts';
import { takeRounds } from '../rounds.ts';

const overload = 3;
/** Enough that the load hardly depends on how long an answer takes. */
const connections = 1_000;
/** A twentieth of them: what is refused then is what there is no room for. */
const mostInFlight = 50;
/** A queue needs some seconds to grow. */
const overloadSeconds = 5;

/** What is still done when far more is asked than can be done, and how long the others wait to hear it. */
export const compareOverload = (directory: string, { load }: Effort): Promise<Comparison[]> =>
  withProcesses(async (keep) => {
    const generator = keep(startGenerator());
    const service = keep(await startService({ directory, env: { BILLINGOS_MAX_IN_FLIGHT: `${mostInFlight}` } }));
    const job = {
      url: service.graphqlUrl,
      requests: shortCreations(service),
      expected: '"sessionToken":"bos_session_test_',
    };
    await generator.run({ ...job, seconds: load.warmUpSeconds });
    const { requestsPerSecond: knee } = await generator.run({ ...job, seconds: load.sampleSeconds });

    const [atKnee, beyond] = await takeRounds(load.rounds, [
      {
        name: 'as much as it can bear',
        does: '`createSession` under full load: 32 connections, each of which waits for its answer.',
        measure: async () => sampleOf(await generator.run({ ...job, seconds: load.sampleSeconds })),
      },
      {
        name: 'three times as much',
        does: `Three times as many requests a second as it answered at full load, on ${connections.toLocaleString('en')} connections that do not wait for each other, to a server that takes ${mostInFlight} at a time: those that were answered with a session.`,
        measure: async () =>
          sampleOf(
            await generator.run({
              ...job,
              seconds: overloadSeconds,
              connections,
              requestsPerSecond: knee * overload,
              refusals: 'counted',
            }),
          ),
      },
    ]);
    const goodput: Comparison = {
      title: 'createSession at three times the load',
      unit: 'requests/s',
      better: 'more',
      series: [atKnee, beyond],
    };
    const refusals = detailOf(beyond, 'refusedP99Ms', 'a refusal', '503: 99 of 100 came sooner.');
    if (refusals.samples.some(({ value }) => value === 0)) throw new Error('nothing was refused: that was no overload');
    const answers = detailOf(atKnee, 'medianMs', 'an answer, at the load that it can bear', 'Median.');
    return [goodput, { title: 'time until', unit: 'ms', better: 'less', series: [answers, refusals] }];
  });

const sampleOf = ({
  requestsPerSecond,
  ...details
}: { requestsPerSecond: number } & Record<string, number>): Sample => ({
  value: requestsPerSecond,
  details,
});

const detailOf = (series: Series, detail: string, name: string, does: string): Series => ({
  name,
  does,
  samples: series.samples.map(({ details }) => ({ value: details?.[detail] ?? 0 })),
});
