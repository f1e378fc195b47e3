import type { Finding } from './report.ts';

/** What came of one file of faults, when it was run last. */
export interface FaultRun {
  /** Its name in `test/faults`. */
  readonly file: string;
  readonly machine: string;
  /** ISO 8601. */
  readonly begunAt: string;
  readonly tookMinutes: number;
  /** How much of the full counts: 1 is all of them. */
  readonly share: number;
  readonly haveAllHeld: boolean;
  readonly findings: readonly Finding[];
}

export interface FaultResults {
  readonly runs: readonly FaultRun[];
}

export function pageOf({ runs }: FaultResults): string {
  const findings = runs
    .flatMap((run) => run.findings)
    .toSorted((one, other) => one.fault.localeCompare(other.fault, 'en', { numeric: true }));
  return `# What the service survives

Written by \`npm run faults\`: do not edit. Real processes and a real PostgreSQL. Times are the least, the median, the 99th
of 100, and the most.

${tableOf(['What happened', 'What came of it'], findings.map(cellsOf))}

When and where that was (UTC), one file after the other:

${tableOf(['file', 'begun', 'took', 'counts', 'every test held', 'machine'], runs.map(cellsOfRun))}
`;
}

const cellsOf = ({ fault, figures }: Finding): string[] => [
  fault,
  Object.entries(figures)
    .map(([name, value]) => `${name} ${typeof value === 'number' ? value.toLocaleString('en') : value}`)
    .join(', '),
];

const cellsOfRun = ({ file, machine, begunAt, tookMinutes, share, haveAllHeld }: FaultRun): string[] => [
  file,
  begunAt.slice(0, 16).replace('T', ' '),
  `${tookMinutes.toFixed(1)} min`,
  share === 1 ? 'full' : `${share * 100} %`,
  haveAllHeld ? 'yes' : '**no**',
  machine,
];

const tableOf = (header: readonly string[], rows: readonly string[][]): string =>
  [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
