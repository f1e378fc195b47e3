import { compareBundle } from './comparisons/bundle.ts';
import { compareCreateSession } from './comparisons/create-session.ts';
import { compareMemory } from './comparisons/memory.ts';
import { compareStart } from './comparisons/start.ts';
import { compareVerification } from './comparisons/verification.ts';
import { compareViewer } from './comparisons/viewer.ts';
import { rowsOf, type Comparison } from './comparison.ts';
import { describeMachine } from './machine.ts';
import { inFreshDirectory } from './place.ts';
import { writeReport } from './report.ts';
import { terminalTable } from './table.ts';

/** Each gets a directory of its own, and takes less than a minute. */
const comparing: Readonly<Record<string, (directory: string) => Promise<Comparison[]>>> = {
  'create-session': compareCreateSession,
  viewer: compareViewer,
  verification: compareVerification,
  start: compareStart,
  memory: compareMemory,
  bundle: compareBundle,
};

// Names on the command line choose some of them; only a full run is written down.
const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !(name in comparing));
if (unknown.length > 0) throw new RangeError(`choose among: ${Object.keys(comparing).join(', ')}`);

const startedAt = performance.now();
const measuredAt = new Date().toISOString();
const machine = await inFreshDirectory(describeMachine);
if (machine.loadBefore > machine.cores / 2) console.error('this machine is busy: expect wide spreads');
const comparisons: Comparison[] = [];
for (const [name, compare] of Object.entries(comparing)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  console.error(`measuring ${name} …`);
  comparisons.push(...(await inFreshDirectory(compare)));
}

console.log(terminalTable(comparisons.flatMap(rowsOf)));
const tookSeconds = (performance.now() - startedAt) / 1_000;
if (chosen.length === 0) await writeReport({ measuredAt, tookSeconds, machine, comparisons });
