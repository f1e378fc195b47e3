import { setTimeout as delay } from 'node:timers/promises';
import autocannon, { type Request, type Result } from 'autocannon';
import { percentile } from '../spread.ts';
import { defaultConnections, type LoadJob, type LoadReport } from './job.ts';

process.on('message', (job: LoadJob) => {
  void run(job).then((report) => process.send?.(report));
});
process.once('disconnect', () => process.exit());

/** autocannon spends each second's share at the beginning of the second: several that begin at different times spread it. */
const pacers = 20;

interface Durations {
  readonly answersMs: number[];
  readonly refusalsMs: number[];
}

async function run(job: LoadJob): Promise<LoadReport> {
  const before = process.cpuUsage();
  const durations: Durations = { answersMs: [], refusalsMs: [] };
  const count = job.requestsPerSecond === undefined ? 1 : pacers;
  const results = await Promise.all(
    Array.from({ length: count }, async (_none, index) => {
      await delay((index * 1_000) / count);
      return fire(job, count, durations);
    }),
  );
  const used = process.cpuUsage(before);
  return reportOf(job, results, durations, (used.user + used.system) / 1_000_000);
}

async function fire(job: LoadJob, count: number, { answersMs, refusalsMs }: Durations): Promise<Result> {
  const { url, seconds, expected, requestsPerSecond, refusals } = job;
  const connections = Math.ceil((job.connections ?? defaultConnections) / count);
  const prepared = job.requests.map(prepare);
  const share = Math.ceil(prepared.length / connections);
  let started = 0;
  return autocannon({
    url,
    connections,
    duration: seconds,
    ...(requestsPerSecond !== undefined && { overallRate: Math.round(requestsPerSecond / count) }),
    verifyBody: (body) => String(body).includes(expected) || (refusals === 'counted' && String(body).includes(refused)),
    setupClient(client) {
      const first = (share * started++) % prepared.length;
      client.setRequests(prepared.slice(first, first + share));
      client.on('response', (status, _bytes, durationMs) => {
        (status === 503 ? refusalsMs : answersMs).push(durationMs);
      });
    },
  });
}

const refused = 'UNAVAILABLE';

const prepare = ({ authorization, contentType = 'application/json', body }: LoadJob['requests'][number]): Request => ({
  method: 'POST',
  headers: {
    authorization,
    'content-type': contentType,
    accept: 'application/graphql-response+json, application/json;q=0.9',
  },
  body,
});

function reportOf(
  { refusals }: LoadJob,
  results: readonly Result[],
  { answersMs, refusalsMs }: Durations,
  cpuSeconds: number,
): LoadReport {
  const sum = (of: (result: Result) => number) => results.reduce((total, result) => total + of(result), 0);
  const seconds = sum(({ duration }) => duration) / results.length;
  const failures = sum((result) => result.errors + result.timeouts + result.mismatches + result.non2xx);
  return {
    requestsPerSecond: sum((result) => result['2xx']) / seconds,
    requests: sum((result) => result['2xx']),
    medianMs: percentile(answersMs, 50),
    p99Ms: percentile(answersMs, 99),
    refusedPerSecond: refusalsMs.length / seconds,
    refusedMedianMs: percentile(refusalsMs, 50),
    refusedP99Ms: percentile(refusalsMs, 99),
    failures: failures - (refusals === 'counted' ? refusalsMs.length : 0),
    generatorBusy: cpuSeconds / seconds,
  };
}
