import { join } from 'node:path';
import type { Comparison, Sample, Series } from '../comparison.ts';
import type { Effort } from '../effort.ts';
import { startFilled, type FilledService } from '../growth/filled.ts';
import { operations, timeOperations, type OperationName } from '../growth/operations.ts';
import { withProcesses } from '../processes/group.ts';
import { residentMib } from '../processes/memory.ts';
import { median, percentile } from '../spread.ts';

type Timings = Record<OperationName, Sample[]>;

/** What requests cost beside more and more sessions and customers: a server and a database for each size, all at once. */
export const compareGrowth = (directory: string, { growth }: Effort): Promise<Comparison[]> =>
  withProcesses(async (keep) => {
    const { exponents, rounds, customersPerRound } = growth;
    const services: FilledService[] = [];
    for (const exponent of exponents) {
      services.push(keep(await startFilled(join(directory, String(exponent)), 10 ** exponent)));
    }
    const warmUp = 1;
    const timings = services.map(emptyTimings);
    for (let round = 0; round < rounds + warmUp; round++) {
      for (const [index, service] of services.entries()) {
        const users = usersOf(service, round, customersPerRound);
        const durations = await timeOperations(service, users);
        if (round < warmUp) continue;
        for (const [name, durationsMs] of Object.entries(durations)) {
          timings[index]?.[name as OperationName].push(sampleOf(durationsMs));
        }
      }
    }
    const memory = await Promise.all(services.map(({ pid }) => residentMib(pid).catch(() => 0)));
    return [
      ...Object.keys(operations).flatMap((name) => comparisonsOf(name as OperationName, services, timings)),
      sizes(
        'database, for one session and its customer',
        'bytes',
        services,
        services.map((service) => service.bytesPerRow),
      ),
      sizes('memory of the server', 'MiB', services, memory),
    ];
  });

const emptyTimings = (): Timings =>
  Object.fromEntries(Object.keys(operations).map((name) => [name, [] as Sample[]])) as unknown as Timings;

/** A step that shares no factor with a power of ten meets everybody once before it meets anybody twice. */
const step = 7_919;

const usersOf = ({ rows }: FilledService, round: number, count: number) =>
  Array.from({ length: count }, (_none, index) => `user-${(((round * count + index) * step) % rows) + 1}`);

const sampleOf = (durationsMs: readonly number[]): Sample => ({
  value: median(durationsMs),
  details: { p99Ms: percentile(durationsMs, 99) },
});

const nameOf = ({ rows }: FilledService) => `${rows.toLocaleString('en')} sessions`;

function comparisonsOf(
  operation: OperationName,
  services: readonly FilledService[],
  timings: readonly Timings[],
): Comparison[] {
  const samplesOf = (index: number) => timings[index]?.[operation] ?? [];
  const largest = services.at(-1);
  const measured = { unit: 'ms', better: 'less' } as const;
  const slowest = seriesOf(services, operations[operation], (index) =>
    samplesOf(index).map(({ details }) => ({ value: details?.['p99Ms'] ?? 0 })),
  );
  return [
    {
      ...measured,
      title: `latency of ${operation}`,
      series: seriesOf(services, operations[operation], samplesOf),
      bar: { of: 'ratio', atMost: 1.5 },
      ...(operation === headlined &&
        largest && {
          headline: `\`createSession\` for any customer, beside ${nameOf(largest)} and beside 1,000`,
        }),
    },
    { ...measured, title: `p99 of ${operation}`, series: [slowest[0], ...slowest.slice(-1)] },
  ];
}

const headlined: OperationName = 'createSession, customer not seen lately';

const sizes = (
  title: string,
  unit: 'bytes' | 'MiB',
  services: readonly FilledService[],
  values: readonly number[],
): Comparison => ({
  title,
  unit,
  better: 'less',
  series: seriesOf(services, 'At the end of the rounds of latency.', (index) => [{ value: values[index] ?? 0 }]),
});

function seriesOf(
  services: readonly FilledService[],
  does: string,
  samplesOf: (index: number) => readonly Sample[],
): readonly [Series, ...Series[]] {
  const [smallest, ...others] = services.map((service, index) => ({
    name: nameOf(service),
    does,
    samples: samplesOf(index),
  }));
  if (!smallest) throw new TypeError('there is no size to begin with');
  return [smallest, ...others];
}
