import { compareBundle } from './comparisons/bundle.ts';
import { compareCreateSession } from './comparisons/create-session.ts';
import { compareGrowth } from './comparisons/growth.ts';
import { compareLiveSessions } from './comparisons/live-sessions.ts';
import { compareMemory } from './comparisons/memory.ts';
import { compareOverload } from './comparisons/overload.ts';
import { compareRevocations } from './comparisons/revocations.ts';
import { compareScaleOut } from './comparisons/scale-out.ts';
import { compareStart } from './comparisons/start.ts';
import { compareVerification } from './comparisons/verification.ts';
import { compareViewer } from './comparisons/viewer.ts';
import { rowsOf, type Comparison } from './comparison.ts';
import type { Effort } from './effort.ts';
import { describeMachine } from './machine.ts';
import { readOptions } from './options.ts';
import { inFreshDirectory } from './place.ts';
import { say, secondsSince } from './progress.ts';
import { writeReport, type Failure } from './report.ts';
import { terminalTable } from './table.ts';

/** Each gets a directory of its own. */
const comparing: Readonly<Record<string, (directory: string, effort: Effort) => Promise<Comparison[]>>> = {
  'create-session': compareCreateSession,
  viewer: compareViewer,
  verification: compareVerification,
  'scale-out': compareScaleOut,
  overload: compareOverload,
  growth: compareGrowth,
  start: compareStart,
  memory: compareMemory,
  'live-sessions': compareLiveSessions,
  revocations: compareRevocations,
  bundle: compareBundle,
};

const given = process.argv.slice(2);
const { names, effort, isWhole } = readOptions(given, Object.keys(comparing));
const chosen = Object.entries(comparing).filter(([name]) => names.length === 0 || names.includes(name));

const startedAt = performance.now();
const measuredAt = new Date().toISOString();
const machine = await inFreshDirectory(describeMachine);
if (machine.loadBefore > machine.cores / 2) say('this machine is busy: expect wide spreads');
const comparisons: Comparison[] = [];
const failures: Failure[] = [];
for (const [index, [name, compare]] of chosen.entries()) {
  const begunAt = performance.now();
  say(`${index + 1} of ${chosen.length}: ${name} …`);
  try {
    comparisons.push(...(await inFreshDirectory((directory) => compare(directory, effort))));
    say(`  took ${secondsSince(begunAt)} s`);
  } catch (error) {
    // What was measured before and what comes after is worth as much as it would be without it.
    console.error(error);
    failures.push({ name, message: error instanceof Error ? error.message : String(error) });
  }
}

console.log(terminalTable(comparisons.flatMap(rowsOf)));
for (const { name, message } of failures) console.log(`FAILED: ${name}: ${message}`);
const tookSeconds = secondsSince(startedAt);
console.log(`It took ${tookSeconds} s.`);
if (isWhole)
  await writeReport({
    measuredAt,
    command: ['npm run bench', ...(given.length > 0 ? ['--', ...given] : [])].join(' '),
    tookSeconds,
    machine,
    comparisons,
    failures,
  });
process.exitCode = failures.length > 0 ? 1 : 0;
