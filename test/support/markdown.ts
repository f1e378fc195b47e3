import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** A fenced block of a document. */
export interface Block {
  /** `docs/react.md:12`, to find it again. */
  readonly place: string;
  readonly language: string;
  readonly code: string;
  /** The code of the `json` block that follows with nothing between. */
  readonly nextJson: string | undefined;
}

export interface Section {
  /** The text of the heading; empty for what stands above the first. */
  readonly heading: string;
  readonly text: string;
}

export const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');

const documentsIn = (directory: string) =>
  readdirSync(`${root}${directory}`, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => `${directory}${path}`);

/** Every Markdown document of the project, from the project's root. */
export const documents: readonly string[] = [
  ...readdirSync(root).filter((path) => path.endsWith('.md')),
  ...documentsIn('docs/'),
].toSorted();

const fence = /^```([^\n]*)\n(.*?)^```\n?/gms;

export function blocksOf(path: string): Block[] {
  const text = read(path);
  return [...text.matchAll(fence)].map((match) => {
    const [whole, language = '', code = ''] = match;
    const rest = text.slice(match.index + whole.length);
    return {
      place: `${path}:${text.slice(0, match.index).split('\n').length + 1}`,
      language,
      code,
      nextJson: /^\n```json\n(.*?)^```/ms.exec(rest)?.[1],
    };
  });
}

/** What people read: without code, where nothing is a heading, a link or a table. */
export const proseOf = (path: string): string => read(path).replaceAll(fence, '');

export const sectionsOf = (path: string): Section[] =>
  `\n${proseOf(path)}`.split(/\n(?=#+ )/).map((part) => {
    const [, heading = '', text = ''] = /^(?:#+ ([^\n]*))?(.*)$/s.exec(part) ?? [];
    return { heading, text };
  });

/** The rows below the header of a table, cell by cell, without the marks of code and links. */
export function rowsIn(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim().replaceAll(/`|\[|\]\([^)]*\)/g, '')),
  );
}

/** The table under a heading. */
export function rowsUnder(path: string, heading: string): string[][] {
  const section = sectionsOf(path).find((one) => one.heading === heading);
  if (!section) throw new Error(`${path} has no section "${heading}"`);
  return rowsIn(section.text);
}
