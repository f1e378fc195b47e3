import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openDatabase } from '../../../server/database/database.ts';
import { startEmbedded } from '../../../server/database/embedded.ts';
import { migrate } from '../../../server/database/migrate.ts';
import { emptyTally, explain, kindOf, liveDay, sumOf, type Tally } from './live.ts';
import { openBillingClient } from './page-client.ts';
import { planOf } from './plan.ts';
import { openService } from './service.ts';

// node --import tsx test/simulator/day/run.ts --seeds 10000 --from 0 --jobs 2: lives the days of these seeds.
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '0' },
    jobs: { type: 'string', default: '2' },
    worker: { type: 'boolean', default: false },
  },
});
const [seeds, from, jobs] = [values.seeds, values.from, values.jobs].map(Number) as [number, number, number];
const startedAt = performance.now();
/** Memory and tables grow with the days: so many are enough for one process and one database. */
const mostSeedsOfWorker = 200;

/** Each job gets a share of the seeds, and its workers a PostgreSQL of their own. */
async function share() {
  let total = emptyTally;
  /** Which promise each broken day broke. */
  const broken: string[] = [];
  const script = fileURLToPath(import.meta.url);
  async function live(first: number, count: number) {
    const args = ['--import', 'tsx', script, '--worker', '--from', `${first}`, '--seeds', `${count}`];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    for await (const line of createInterface(child.stdout)) {
      const { tally, failure, promise } = JSON.parse(line) as { tally?: Tally; failure?: string; promise?: string };
      if (tally) total = sumOf(total, tally);
      if (promise) broken.push(kindOf(promise));
      if (failure) process.stdout.write(`\n${failure}\n`);
      if (tally && total.days % 100 === 0) process.stderr.write(`${summaryOf(total, broken)}\n`);
    }
    if (child.exitCode === null) await once(child, 'exit');
    if (child.exitCode !== 0) process.exitCode = 1;
  }
  const shares = Array.from({ length: jobs }, async (_, job) => {
    const end = from + Math.floor((seeds * (job + 1)) / jobs);
    for (let first = from + Math.floor((seeds * job) / jobs); first < end; first += mostSeedsOfWorker) {
      await live(first, Math.min(mostSeedsOfWorker, end - first));
    }
  });
  await Promise.all(shares);
  if (broken.length > 0) process.exitCode = 1;
  process.stdout.write(`\n${summaryOf(total, broken)}\n`);
}

function summaryOf(
  { days, tabs, operations, judged, failed, fetches, longestWaitMs }: Tally,
  broken: readonly string[],
) {
  const kinds = [...new Set(broken)].map((kind) => `  ${broken.filter((other) => other === kind).length} × ${kind}`);
  return [
    `${days} seeds, ${24 * days} simulated hours, ${tabs} tabs, ${operations} operations, ${fetches} fetches:`,
    `${failed} of ${judged} operations failed that the world allowed; the longest took ${longestWaitMs} ms.`,
    `${days - broken.length} of ${days} days kept every promise.`,
    ...kinds,
    `It took ${Math.round((performance.now() - startedAt) / 1000)} s.`,
  ].join('\n');
}

async function work() {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'billingos-days-'));
  const embedded = await startEmbedded({ dataDirectory, durability: 'fast' });
  try {
    const database = await openDatabase({ connection: embedded.connection, applicationName: 'days' });
    await migrate(database);
    await database.close();
    const service = await openService(embedded.connection);
    for (let seed = from; seed < from + seeds; seed += 1) {
      const lived = await liveDay(service, planOf(seed), openBillingClient);
      say({ tally: lived.tally, promise: lived.kind === 'broken' ? lived.promise : undefined });
      if (lived.kind === 'kept') continue;
      say({ failure: `seed ${seed}: ${await explain(service, planOf(seed), openBillingClient)}` });
    }
    await service.close();
  } finally {
    await embedded.stop();
    await rm(dataDirectory, { recursive: true, force: true });
  }
}

const say = (what: object) => process.stdout.write(`${JSON.stringify(what)}\n`);

if (values.worker) await work();
else await share();
