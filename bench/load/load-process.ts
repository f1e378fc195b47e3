import autocannon from 'autocannon';
import { connections, type LoadJob, type LoadReport } from './job.ts';

process.on('message', (job: LoadJob) => {
  void run(job).then((report) => process.send?.(report));
});
process.once('disconnect', () => process.exit());

async function run({ url, seconds, requests, expected }: LoadJob): Promise<LoadReport> {
  const before = process.cpuUsage();
  const prepared = requests.map(({ bearer, body }) => ({
    method: 'POST' as const,
    headers: {
      authorization: `Bearer ${bearer}`,
      'content-type': 'application/json',
      accept: 'application/graphql-response+json, application/json;q=0.9',
    },
    body,
  }));
  const share = Math.ceil(prepared.length / connections);
  let started = 0;
  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    verifyBody: (body) => String(body).includes(expected),
    setupClient(client) {
      const first = share * started++;
      client.setRequests(prepared.slice(first, first + share));
    },
  });
  const used = process.cpuUsage(before);
  return {
    requestsPerSecond: result['2xx'] / result.duration,
    requests: result['2xx'],
    medianMs: result.latency.p50,
    p99Ms: result.latency.p99,
    failures: result.errors + result.timeouts + result.mismatches + result.non2xx,
    generatorBusy: (used.user + used.system) / 1_000_000 / result.duration,
  };
}
