import type { Row } from './comparison.ts';
import { toText } from './table.ts';

const width = 960;
const rowHeight = 22;
const labelWidth = 560;
const left = labelWidth + 16;
const right = width - 64;

/** The ratios as horizontal bars on a logarithmic scale, from 1 to where they are; a tick is the bar that was set. */
export function chartOf(rows: readonly Row[]): string {
  const shown = rows.filter(({ ratio }) => Number.isFinite(ratio) && ratio > 0);
  const bounds = shown.flatMap((row) => [row.ratio, boundOf(row) ?? 1]);
  const lowest = Math.log10(Math.min(0.1, ...bounds));
  const highest = Math.log10(Math.max(10, ...bounds));
  const xOf = (ratio: number) => left + ((Math.log10(ratio) - lowest) / (highest - lowest)) * (right - left);
  const height = (shown.length + 2) * rowHeight;
  const grid = Array.from({ length: Math.floor(highest) - Math.ceil(lowest) + 1 }, (_none, index) => {
    const ratio = 10 ** (Math.ceil(lowest) + index);
    const x = xOf(ratio).toFixed(1);
    return `<line class="${ratio === 1 ? 'one' : 'grid'}" x1="${x}" x2="${x}" y1="0" y2="${height - rowHeight}"/>
<text class="axis" x="${x}" y="${height - 6}">× ${toText(ratio)}</text>`;
  });
  const bars = shown.map((row, index) => barOf(row, index * rowHeight + 4, xOf));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="Ratios of the figures in results.md">
<style>${style}</style>
${[...grid, ...bars].join('\n')}
</svg>
`;
}

function barOf(row: Row, y: number, xOf: (ratio: number) => number): string {
  const { title, name, floorName, ratio, better } = row;
  const [one, end] = [xOf(1), xOf(ratio)];
  const isGood = better === 'more' ? ratio >= 1 : ratio <= 1;
  const bound = boundOf(row);
  const tick =
    bound === undefined
      ? ''
      : `<rect class="bar" x="${(xOf(bound) - 1).toFixed(1)}" y="${y - 2}" width="2" height="18"/>`;
  return `<text x="${labelWidth}" y="${y + 11}" class="label">${escaped(`${title}: ${name} / ${floorName}`)}</text>
<rect class="${isGood ? 'good' : 'rest'}" x="${Math.min(one, end).toFixed(1)}" y="${y}" width="${Math.max(1, Math.abs(end - one)).toFixed(1)}" height="14"/>${tick}
<text x="${right + 8}" y="${y + 11}">${toText(ratio)}</text>`;
}

/** A bar for the value has no place among ratios. */
const boundOf = ({ bar }: Row) => (bar?.of === 'ratio' ? ('atLeast' in bar ? bar.atLeast : bar.atMost) : undefined);

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

const style = `
text { font: 11px system-ui, sans-serif; fill: #1f2328 } .label { text-anchor: end } .axis { text-anchor: middle; opacity: .6 }
.good { fill: #2da44e } .rest { fill: #6e7781 } .bar { fill: #cf222e } .grid { stroke: #6e7781; opacity: .25 } .one { stroke: #6e7781 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .good { fill: #3fb950 } .rest { fill: #8b949e } .bar { fill: #ff7b72 } }
`;
