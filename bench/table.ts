import { isMet, type Comparison, type Row } from './comparison.ts';

const header = ['figure', 'measured', 'value', 'beside', 'its value', 'ratio', 'spread', 'bar', 'met'];

/** For people at a terminal: columns as wide as their widest cell. */
export function terminalTable(rows: readonly Row[]): string {
  const lines = [header, ...rows.map(cellsOf)];
  const widths = header.map((_cell, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function markdownTable(rows: readonly Row[]): string {
  const rule = header.map(() => '---');
  return [header, rule, ...rows.map(cellsOf)].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function cellsOf(row: Row): string[] {
  const { title, unit, name, value, floorName, floor, ratio, smallestRatio, largestRatio } = row;
  return [
    title,
    name,
    `${toText(value)} ${unit}`,
    floorName,
    `${toText(floor)} ${unit}`,
    toText(ratio),
    smallestRatio === largestRatio ? '–' : `${toText(smallestRatio)}–${toText(largestRatio)}`,
    barText(row),
    metText(row),
  ];
}

export function barText({ bar, unit }: Row): string {
  if (!bar) return '–';
  const [sign, bound] = 'atLeast' in bar ? ['≥', bar.atLeast] : ['≤', bar.atMost];
  return bar.of === 'ratio' ? `${sign} ${toText(bound)}` : `${sign} ${toText(bound)} ${unit}`;
}

export function metText(row: Row): string {
  const met = isMet(row);
  return met === undefined ? '–' : met ? 'yes' : 'no';
}

/** Three digits count; the rest is noise. */
export const toText = (value: number) =>
  value.toLocaleString('en', value >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 });

/** Each figure once, and each of its contenders once, in however many comparisons they are. */
export function describeSeries(comparisons: readonly Comparison[]): string {
  const linesOf = new Map<string, Set<string>>();
  for (const { title, better, series } of comparisons) {
    const heading = `### ${title}: ${better} is better`;
    const lines = linesOf.get(heading) ?? new Set();
    for (const { name, does } of series) lines.add(`- **${name}** – ${does}`);
    linesOf.set(heading, lines);
  }
  return [...linesOf].map(([heading, lines]) => [heading, '', ...lines].join('\n')).join('\n\n');
}
