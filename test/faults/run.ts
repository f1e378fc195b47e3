import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type FaultResults, type FaultRun, pageOf } from './support/page.ts';
import type { Finding } from './support/report.ts';

// The faults as often as a claim needs, one file after the other, and a page of what came of them: `run.ts [files]`. Of the
// files that are not named the page keeps what came of them before.
const directory = 'test/faults';
const results = 'bench/results/faults';
const share = Number(process.env['FAULTS'] ?? '1');

/** In a run of its own, which says at once why it failed. */
async function run(file: string): Promise<FaultRun> {
  const [begunAt, startedAt] = [new Date().toISOString(), performance.now()];
  const report = await mkdtemp(join(tmpdir(), 'billingos-findings-'));
  const path = join(report, 'findings');
  await writeFile(path, '');
  const tests = spawn('npx', ['vitest', 'run', '--maxWorkers=1', join(directory, file)], {
    env: { ...process.env, FAULTS: `${share}`, FAULTS_REPORT: path },
    stdio: 'inherit',
  });
  const [exitCode] = (await once(tests, 'close')) as [number | null];
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
  await rm(report, { recursive: true });
  return {
    file,
    machine: `${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.version}`,
    begunAt,
    tookMinutes: (performance.now() - startedAt) / 60_000,
    share,
    haveAllHeld: exitCode === 0,
    findings: lines.map((line) => JSON.parse(line) as Finding),
  };
}

const named = process.argv.slice(2).map((path) => basename(path));
const files = (await readdir(directory)).filter((name) => name.endsWith('.test.ts')).toSorted();
const strange = named.filter((name) => !files.includes(name));
if (strange.length > 0) throw new Error(`there is no ${strange.join(', ')} in ${directory}`);
const before = JSON.parse(await readFile(`${results}.json`, 'utf8')) as FaultResults;
const runs = new Map(before.runs.filter(({ file }) => files.includes(file)).map((one) => [one.file, one]));
for (const file of named.length > 0 ? named : files) {
  runs.set(file, await run(file));
  const now = { runs: files.flatMap((name) => runs.get(name) ?? []) };
  await writeFile(`${results}.json`, `${JSON.stringify(now, null, 2)}\n`);
  await writeFile(`${results}.md`, pageOf(now));
}
process.stdout.write(`\n${await readFile(`${results}.md`, 'utf8')}`);
process.exitCode = [...runs.values()].every(({ haveAllHeld }) => haveAllHeld) ? 0 : 1;
