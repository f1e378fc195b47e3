import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Finding } from './support/report.ts';

// The faults as often as a claim needs, one after the other, and a page of what came of them: `run.ts [files]`.
const page = 'bench/results/faults.md';
const files = process.argv.slice(2);
const share = process.env['FAULTS'] ?? '1';

const directory = await mkdtemp(join(tmpdir(), 'billingos-findings-'));
const path = join(directory, 'findings');
await writeFile(path, '');
const loadBefore = loadavg()[0] ?? 0;
const startedAt = performance.now();
let hasEveryTestHeld = true;
for (const file of files.length > 0 ? files : await testFiles()) {
  // Each in a run of its own, which says at once why it failed.
  const run = spawn('npx', ['vitest', 'run', '--maxWorkers=1', file], {
    env: { ...process.env, FAULTS: share, FAULTS_REPORT: path },
    stdio: 'inherit',
  });
  const [exitCode] = (await once(run, 'close')) as [number | null];
  hasEveryTestHeld &&= exitCode === 0;
}
const tookMinutes = Math.round((performance.now() - startedAt) / 60_000);

const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
const findings = lines.map((line) => JSON.parse(line) as Finding);
await rm(directory, { recursive: true });

const cell = (value: number | string) => (typeof value === 'number' ? value.toLocaleString('en') : value);
const rows = findings
  .toSorted((one, other) => one.fault.localeCompare(other.fault, 'en', { numeric: true }))
  .map(({ fault, figures }) => [
    fault,
    Object.entries(figures)
      .map(([name, value]) => `${name} ${cell(value)}`)
      .join(', '),
  ]);
const table = [['What happened', 'What came of it'], ['---', '---'], ...rows]
  .map((cells) => `| ${cells.join(' | ')} |`)
  .join('\n');
const text = `# What the service survives

Written by \`npm run faults\` on ${new Date().toISOString().slice(0, 10)}: do not edit. ${share === '1' ? 'Full counts' : `Counts: ${Number(share) * 100} % of the full ones`}, in ${tookMinutes} minutes, on
${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.version}, load when it began ${loadBefore.toFixed(1)}. Real processes and a real PostgreSQL; times are
the least, the median, the 99th of 100, and the most. ${hasEveryTestHeld ? 'Every test held.' : '**Not every test held.**'}

${table}
`;
process.stdout.write(`\n${text}`);
if (files.length === 0) await writeFile(page, text);
process.exitCode = hasEveryTestHeld ? 0 : 1;

async function testFiles(): Promise<string[]> {
  const names = await readdir('test/faults');
  return names.filter((name) => name.endsWith('.test.ts')).map((name) => `test/faults/${name}`);
}
