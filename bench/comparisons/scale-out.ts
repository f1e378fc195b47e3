import { join } from 'node:path';
import type { Comparison, Sample, Series } from '../comparison.ts';
import type { Effort } from '../effort.ts';
import { startGenerator, type Generator } from '../load/generator.ts';
import type { LoadJob } from '../load/job.ts';
import { shortCreations, viewerRequests } from '../load/requests.ts';
import { cpuSecondsOf, postgresCpuSeconds } from '../processes/cpu.ts';
import { withProcesses } from '../processes/group.ts';
import { startService, type Service } from '../processes/service.ts';
import { startSharedDatabase } from '../processes/shared-database.ts';
import { takeRounds, type Contender } from '../rounds.ts';

const counts = [1, 2, 4] as const;
const mostServers = 4;
const connectionsEach = 16;

interface Server {
  readonly service: Service;
  readonly generator: Generator;
}

/**
 * Several server processes on one PostgreSQL, all of them under full load at the same time. Where a machine has not a core
 * for each of them, their rate says nothing; what each could answer with a core of its own is told by the time that it used.
 */
export const compareScaleOut = (directory: string, { load }: Effort): Promise<Comparison[]> =>
  withProcesses(async (keep) => {
    if (process.platform !== 'linux') return [];
    const database = keep(await startSharedDatabase(join(directory, 'database')));
    const servers: Server[] = [];
    for (let index = 0; index < mostServers; index++) {
      const service = keep(await startService({ directory: join(directory, `server-${index}`), env: database.env }));
      servers.push({ service, generator: keep(startGenerator()) });
    }
    const [first] = servers;
    if (!first) throw new TypeError('there is no server');
    const jobs = {
      createSession: { requests: shortCreations(first.service), expected: '"sessionToken":"bos_session_test_' },
      viewer: { requests: await viewerRequests(first.service), expected: '"id":"cus_' },
    };

    const contendersFor = (job: Pick<LoadJob, 'requests' | 'expected'>) => {
      const contender = (count: number): Contender => ({
        name: count === 1 ? '1 server' : `${count} servers`,
        does: `${count === 1 ? 'One process' : `${count} processes`} with ${connectionsEach} busy connections each, on one PostgreSQL, all of them sharing the cores with it and with the load.`,
        warmUp: () => measure(servers.slice(0, count), job, load.warmUpSeconds),
        measure: () => measure(servers.slice(0, count), job, load.sampleSeconds),
      });
      return [contender(counts[0]), contender(counts[1]), contender(counts[2])] as const;
    };

    const comparisons: Comparison[] = [];
    for (const [name, job] of Object.entries(jobs)) {
      const [one, two, four] = await takeRounds(load.rounds, contendersFor(job));
      const title = `${name} for each second of CPU that a server used, added up`;
      const reckoned = { title, unit: 'requests/s of CPU', better: 'more' } as const;
      const seen = { title: `${name} by several servers, as seen`, unit: 'requests/s', better: 'more' } as const;
      comparisons.push(
        {
          ...reckoned,
          series: [one, two],
          bar: { of: 'ratio', atLeast: 1.7 },
          ...(name === 'createSession' && {
            headline: '`createSession` by two servers beside one, for each second of their own CPU',
          }),
        },
        { ...reckoned, series: [one, four] },
        {
          ...seen,
          series: [seenOf(one), seenOf(two)],
          ...(name === 'createSession' && {
            headline: '`createSession` by two servers beside one, as seen, all sharing the cores',
          }),
        },
        { ...seen, series: [seenOf(one), seenOf(four)] },
      );
    }
    return comparisons;
  });

const seenOf = ({ samples, ...series }: Series): Series => ({
  ...series,
  samples: samples.map(({ details }) => ({ value: details?.['seenRequestsPerSecond'] ?? Number.NaN })),
});

async function measure(
  servers: readonly Server[],
  job: Pick<LoadJob, 'requests' | 'expected'>,
  seconds: number,
): Promise<Sample> {
  const postgresBefore = await postgresCpuSeconds();
  const each = await Promise.all(
    servers.map(async ({ service, generator }) => {
      const before = (await cpuSecondsOf(service.pid)) ?? 0;
      const report = await generator.run({ ...job, url: service.graphqlUrl, seconds, connections: connectionsEach });
      return { ...report, cpuSeconds: ((await cpuSecondsOf(service.pid)) ?? 0) - before };
    }),
  );
  const postgresCpu = (await postgresCpuSeconds()) - postgresBefore;
  const sum = (of: (one: (typeof each)[number]) => number) => each.reduce((total, one) => total + of(one), 0);
  const requests = sum((one) => one.requests);
  return {
    value: sum((one) => one.requests / one.cpuSeconds),
    details: {
      seenRequestsPerSecond: sum((one) => one.requestsPerSecond),
      postgresCpuMicrosecondsPerRequest: (postgresCpu * 1_000_000) / requests,
      ...Object.fromEntries(each.map((one, index) => [`server${index + 1}CpuShare`, one.cpuSeconds / seconds])),
      generatorsBusy: sum((one) => one.generatorBusy),
    },
  };
}
