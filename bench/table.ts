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
  const { title, unit, name, value, floorName, floor, ratio } = row;
  return [
    title,
    name,
    `${toText(value)} ${unit}`,
    floorName,
    `${toText(floor)} ${unit}`,
    toText(ratio),
    spreadText(row),
    barText(row),
    metText(row),
  ];
}

export const spreadText = ({ smallestRatio, largestRatio }: Row): string =>
  smallestRatio === largestRatio ? '–' : `${toText(smallestRatio)}–${toText(largestRatio)}`;

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

/** Each figure once, and what was done once, whatever contenders of however many comparisons did the same. */
export function describeSeries(comparisons: readonly Comparison[]): string {
  const namesByHeading = new Map<string, Map<string, Set<string>>>();
  for (const { title, better, series } of comparisons) {
    const heading = `### ${title}: ${better} is better`;
    const namesByWork = namesByHeading.get(heading) ?? new Map<string, Set<string>>();
    namesByHeading.set(heading, namesByWork);
    for (const { name, does } of series) namesByWork.set(does, (namesByWork.get(does) ?? new Set()).add(name));
  }
  return [...namesByHeading]
    .map(([heading, namesByWork]) => [heading, '', ...[...namesByWork].map(lineOf)].join('\n'))
    .join('\n\n');
}

const lineOf = ([does, names]: [string, Set<string>]) => `- **${[...names].join('**, **')}** – ${does}`;
