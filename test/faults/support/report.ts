import { appendFileSync } from 'node:fs';

/** What came of one fault, as often as it was made to happen. */
export interface Finding {
  readonly fault: string;
  readonly figures: Readonly<Record<string, number | string>>;
}

/** Hands a finding to `npm run faults`, which names the file; without one it is for the test's own expectations. */
export function report(finding: Finding): void {
  const path = process.env['FAULTS_REPORT'];
  if (path) appendFileSync(path, `${JSON.stringify(finding)}\n`);
}

/** The smallest, the middle and the largest, and what 99 of 100 stay below. */
export function spreadOf(values: readonly number[]): Record<'least' | 'median' | 'p99' | 'most', number> {
  const sorted = values.toSorted((one, other) => one - other);
  const at = (share: number) => Math.round(sorted[Math.ceil(share * sorted.length) - 1] ?? sorted[0] ?? 0);
  return { least: at(0), median: at(0.5), p99: at(0.99), most: at(1) };
}

export const inMs = ({ least, median, p99, most }: ReturnType<typeof spreadOf>): string =>
  `${least} / ${median} / ${p99} / ${most} ms`;
