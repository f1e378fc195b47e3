import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isMet, type Row } from './comparison.ts';
import type { Report } from './report.ts';
import { barText, metText, spreadText, toText } from './table.ts';

const begin = '<!-- bench:start -->';
const end = '<!-- bench:end -->';

/** What is written to `results.json`, as far as the README tells of it. */
export type Results = Pick<Report, 'measuredAt' | 'machine' | 'failures'> & { readonly rows: readonly Row[] };

/** The README with the figures of these results between the two markers. Throws when they are not there. */
export function withFigures(readme: string, results: Results): string {
  const [before, rest] = readme.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`the README lacks ${begin} … ${end}`);
  return `${before}${begin}\n\n${figuresOf(results)}\n\n${end}${after}`;
}

export async function writeSection(directory: string): Promise<void> {
  const path = join(directory, 'README.md');
  const results = JSON.parse(await readFile(join(directory, 'bench/results/results.json'), 'utf8')) as Results;
  await writeFile(path, withFigures(await readFile(path, 'utf8'), results));
}

function figuresOf({ rows, machine, measuredAt }: Results): string {
  const judged = rows.filter(({ bar }) => bar);
  const lines = rows
    .filter((row) => row.headline !== undefined || isMet(row) === false)
    .map((row) => [
      row.headline ?? `${row.title}, ${row.name} beside ${row.floorName}`,
      `${toText(row.value)} ${row.unit}`,
      `× ${toText(row.ratio)}`,
      spreadText(row),
      barText(row),
      metText(row),
    ]);
  return `${aligned([['', 'here', 'ratio', 'spread', 'bar', 'met'], ...lines])}

${judged.filter(isMet).length} of ${judged.length} bars are met; all that are not stand here. A ratio is the median of rounds in which both sides were
measured one after the other, not the quotient of two medians; the spread has its smallest and its largest. One machine
(${machine.cores} cores, shared with PostgreSQL and the load generator, fsync on) on ${measuredAt.slice(0, 10)}; a bar was set before measuring.`;
}

/** As prettier writes it: columns as wide as their widest cell. */
function aligned(lines: readonly (readonly string[])[]): string {
  const widths = lines[0]?.map((_cell, column) => Math.max(3, ...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  const [header, ...body] = lines.map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)));
  return [header ?? [], widths.map((count) => '-'.repeat(count)), ...body]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}
