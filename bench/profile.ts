import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkingTask } from './comparisons/viewer.ts';
import { signingTask } from './comparisons/create-session.ts';
import { startGenerator } from './load/generator.ts';
import type { LoadRequest } from './load/job.ts';
import { shortCreations, viewerRequests } from './load/requests.ts';
import { describeMachine } from './machine.ts';
import { inFreshDirectory, projectDirectory } from './place.ts';
import { cpuSecondsOf } from './processes/cpu.ts';
import type { Child } from './processes/child.ts';
import { withProcesses } from './processes/group.ts';
import { startProgram } from './processes/program.ts';
import { startService } from './processes/service.ts';
import { say } from './progress.ts';

// Where the time of a request goes, ours beside a floor's: `npm run profile --prefix bench` writes results/profile.md.

const warmUpSeconds = 10;
const loadSeconds = 10;

/** The format of V8, as far as it is read here; times in microseconds of the system's monotonic clock. */
interface CpuProfile {
  readonly startTime: number;
  readonly nodes: readonly { id: number; callFrame: CallFrame; children?: readonly number[] }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
}

/** Whose work a frame is; the innermost frame that is anybody's decides, so that a write to a socket is of who writes. */
const parts: readonly (readonly [name: string, place: RegExp])[] = [
  ['signing and checking tokens', /\/node_modules\/jose\/|\/dist\/server\/token\/signing-key/],
  [
    'asking PostgreSQL',
    /\/node_modules\/(pg|pg-pool|pg-protocol|pg-types|drizzle-orm|dataloader)\/|\/dist\/server\/database\//,
  ],
  [
    'GraphQL, its rules included',
    /\/node_modules\/(graphql|@graphql-tools|@pothos|graphql-yoga|@whatwg-node|@envelop)\/|\/dist\/schema\//,
  ],
  ['looking at the input', /\/node_modules\/zod\/|\/dist\/server\/http\/(input-problems|inexact-ids)/],
  ['the line in the log', /\/node_modules\/(pino|@pinojs|sonic-boom)\/|\/dist\/server\/log/],
  ['metrics', /\/node_modules\/(prom-client|tdigest)\//],
  ['HTTP: reading requests, writing answers', /\/dist\/server\/http\/listener|\/floors\/server/],
  ['the rest of what answers', /\/dist\/|\/node_modules\//],
];
const collector = 'garbage collector, its other threads aside';
/** What nobody called: the event loop, the parser of HTTP, timers. */
const runtime = 'Node: event loop, parser, timers';

/** Microseconds of the main thread for each request. */
interface Profiled {
  readonly name: string;
  readonly byPart: ReadonlyMap<string, number>;
  readonly cpu: number | undefined;
  readonly busy: number;
  readonly requestsPerSecond: number;
}

interface Subject {
  readonly name: string;
  readonly child: Child & { readonly url: string };
  readonly requests: readonly LoadRequest[];
  /** Where its profile will lie. */
  readonly directory: string;
}

const profiling = (directory: string) => ['--cpu-prof', '--cpu-prof-dir', directory];
const monotonicUs = () => Number(process.hrtime.bigint() / 1_000n);

/** Puts it under load, and reads what it wrote when it ended. */
async function profiled({ name, child, requests, directory }: Subject): Promise<Profiled> {
  say(`${name} …`);
  const generator = startGenerator();
  const job = { url: child.url, requests, expected: '"data"' };
  await generator.run({ ...job, seconds: warmUpSeconds });
  const [cpuBefore, beganUs] = [await cpuSecondsOf(child.pid), monotonicUs()];
  const loaded = await generator.run({ ...job, seconds: loadSeconds });
  const [cpuAfter, endedUs] = [await cpuSecondsOf(child.pid), monotonicUs()];
  generator.stop();
  await child.stop();
  const [file] = await readdir(directory);
  const profile = JSON.parse(await readFile(join(directory, String(file)), 'utf8')) as CpuProfile;
  const times = timesByPart(profile, beganUs, endedUs);
  const cpu =
    cpuBefore === undefined || cpuAfter === undefined
      ? undefined
      : ((cpuAfter - cpuBefore) * 1_000_000) / loaded.requests;
  const sum = [...times.values()].reduce((total, time) => total + time, 0);
  return {
    name,
    byPart: new Map([...times].map(([part, time]) => [part, time / loaded.requests])),
    cpu,
    busy: sum / (endedUs - beganUs),
    requestsPerSecond: loaded.requestsPerSecond,
  };
}

function timesByPart({ nodes, samples, timeDeltas, startTime }: CpuProfile, fromUs: number, toUs: number) {
  const partById = partsOf(nodes);
  const times = new Map<string, number>();
  let atUs = startTime;
  for (const [index, id] of samples.entries()) {
    const delta = timeDeltas[index] ?? 0;
    atUs += delta;
    const part = partById.get(id);
    if (part !== undefined && atUs >= fromUs && atUs <= toUs) times.set(part, (times.get(part) ?? 0) + delta);
  }
  return times;
}

/** Nothing for the time in which the thread was idle. */
function partsOf(nodes: CpuProfile['nodes']): Map<number, string | undefined> {
  const found = new Map<number, string | undefined>();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const visit = (id: number, above: string): void => {
    const node = byId.get(id);
    if (!node) return;
    const part = partOf(node.callFrame) ?? above;
    found.set(id, node.callFrame.functionName === '(idle)' ? undefined : part);
    for (const child of node.children ?? []) visit(child, part);
  };
  if (nodes[0]) visit(nodes[0].id, runtime);
  return found;
}

function partOf({ functionName, url }: CallFrame): string | undefined {
  if (functionName === '(garbage collector)') return collector;
  return parts.find(([, place]) => place.test(url))?.[0];
}

function pageOf(all: readonly Profiled[], machine: Awaited<ReturnType<typeof describeMachine>>): string {
  const names = [runtime, ...parts.map(([name]) => name), collector];
  const cells = (label: string, valueOf: (one: Profiled) => string) =>
    `| ${[label, ...all.map(valueOf)].join(' | ')} |`;
  const rows = [
    cells('', ({ name }) => name),
    cells('---', () => '---:'),
    ...names.map((name) => cells(name, ({ byPart }) => (byPart.get(name) ?? 0).toFixed(0))),
    cells('**main thread, µs a request**', ({ byPart }) =>
      [...byPart.values()].reduce((total, time) => total + time, 0).toFixed(0),
    ),
    cells('all threads, µs of CPU a request', ({ cpu }) => cpu?.toFixed(0) ?? '–'),
    cells('the main thread was busy', ({ busy }) => `${(busy * 100).toFixed(0)} %`),
    cells('requests/s while profiled', ({ requestsPerSecond }) => requestsPerSecond.toFixed(0)),
  ];
  return `# Where the time of a request goes

Profiled on ${new Date().toISOString().slice(0, 10)} by \`npm run profile --prefix bench\` (V8\u2019s sampling profiler under full load, ${loadSeconds} s after a
warm-up of ${warmUpSeconds} s). Written by that command: do not edit. Load when it began ${machine.loadBefore.toFixed(2)}, on ${machine.cores} cores
(${machine.processor}), Node ${machine.node}.

${rows.join('\n')}

Microseconds of the main thread a request. The floors are those of [the results](results.md): bare \`node:http\` that only
signs, or checks each token anew. A write to a socket counts for who writes. *The rest of what answers* is our own code:
who calls and whether it may, limits, the rules of sessions and customers, batches, the frame around each answer. What runs
on other threads the profiler does not see, and the CPU of all threads has: the floors\u2019 signatures and checks (ours signs
on this one, and remembers what it has checked) and most of the collector\u2019s work.
`;
}

await inFreshDirectory(async (directory) => {
  const machine = await describeMachine(directory);
  const at = (name: string) => join(directory, name);
  const results: Profiled[] = [];
  const profile = async (
    name: string,
    start: (nodeOptions: string[]) => Promise<Omit<Subject, 'name' | 'directory'>>,
  ) => {
    const profiles = at(`${name} profiles`.replaceAll(/\W+/g, '-'));
    await mkdir(profiles, { recursive: true });
    results.push(await profiled({ name, directory: profiles, ...(await start(profiling(profiles))) }));
  };
  await withProcesses(async (keep) => {
    const other = keep(await startService({ directory: at('other') }));
    const viewers = await viewerRequests(other);
    await profile('createSession: floor', async (nodeOptions) => ({
      child: await startProgram('floors/signing', await signingTask(other, 'jose'), nodeOptions),
      requests: shortCreations(other),
    }));
    await profile('viewer: floor', async (nodeOptions) => ({
      child: await startProgram(
        'floors/checking',
        { ...(await checkingTask(other, viewers)), memory: 'none' },
        nodeOptions,
      ),
      requests: viewers,
    }));
  });
  await profile('createSession', async (nodeOptions) => {
    const service = await startService({ directory: at('creating'), nodeOptions });
    return { child: { ...service, url: service.graphqlUrl }, requests: shortCreations(service) };
  });
  await profile('viewer', async (nodeOptions) => {
    const service = await startService({ directory: at('viewing'), nodeOptions });
    return { child: { ...service, url: service.graphqlUrl }, requests: await viewerRequests(service) };
  });
  const inOrder = ['createSession: floor', 'createSession', 'viewer: floor', 'viewer'];
  const page = pageOf(
    inOrder.flatMap((name) => results.filter((one) => one.name === name)),
    machine,
  );
  await writeFile(join(projectDirectory, 'bench/results/profile.md'), page);
  console.log(page);
});
