import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startGenerator } from './load/generator.ts';
import type { LoadRequest } from './load/job.ts';
import { shortCreations, viewerRequests } from './load/requests.ts';
import { inFreshDirectory } from './place.ts';
import { withProcesses } from './processes/group.ts';
import { startService, type Service } from './processes/service.ts';

// Where the server's own thread spends its time under load: `npm run profile --prefix bench`.

const loadSeconds = 12;
const shownRows = 25;

/** The format of V8, as far as it is read here. */
interface CpuProfile {
  readonly nodes: readonly { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

async function profileUnderLoad(
  name: string,
  requestsFor: (service: Service) => LoadRequest[] | Promise<LoadRequest[]>,
) {
  const profile = await inFreshDirectory(async (directory) => {
    const profiles = join(directory, 'profiles');
    await withProcesses(async (keep) => {
      const service = keep(await startService({ directory, nodeOptions: ['--cpu-prof', '--cpu-prof-dir', profiles] }));
      const generator = keep(startGenerator());
      const requests = await requestsFor(service);
      const { requestsPerSecond } = await generator.run({
        url: service.graphqlUrl,
        seconds: loadSeconds,
        requests,
        expected: '"data"',
      });
      console.log(`\n${name}: ${Math.round(requestsPerSecond)} requests/s while profiled`);
    });
    const [file] = await readdir(profiles);
    return JSON.parse(await readFile(join(profiles, String(file)), 'utf8')) as CpuProfile;
  });
  console.log(`\nby package\n${sharesOf(profile, packageOf)}\n\nby function\n${sharesOf(profile, placeOf)}`);
}

type CallFrame = CpuProfile['nodes'][number]['callFrame'];

/** Each group's share of the time in which the thread was not idle, the largest first. */
function sharesOf({ nodes, samples, timeDeltas }: CpuProfile, groupOf: (frame: CallFrame) => string): string {
  const groupById = new Map(nodes.map(({ id, callFrame }) => [id, groupOf(callFrame)]));
  const timeByGroup = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const group = groupById.get(id) ?? '';
    timeByGroup.set(group, (timeByGroup.get(group) ?? 0) + (timeDeltas[index] ?? 0));
  }
  timeByGroup.delete('(idle)');
  const busy = [...timeByGroup.values()].reduce((sum, time) => sum + time, 0);
  return [...timeByGroup]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, shownRows)
    .map(([group, time]) => `${((time / busy) * 100).toFixed(1).padStart(5)} %  ${group}`)
    .join('\n');
}

function packageOf({ functionName, url }: CallFrame): string {
  if (url === '') return functionName.startsWith('(') ? functionName : 'V8 and native';
  if (url.startsWith('node:')) return 'node';
  return (
    /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ??
    (url.includes('/dist/schema/') ? 'our schema' : 'our server')
  );
}

const placeOf = (frame: CallFrame) =>
  frame.functionName.startsWith('(')
    ? frame.functionName
    : `${frame.functionName || 'anonymous'}  ${frame.url.replace(/.*\/(node_modules|dist)\//, '')}:${frame.lineNumber + 1}`;

await profileUnderLoad('createSession', shortCreations);
await profileUnderLoad('viewer', viewerRequests);
