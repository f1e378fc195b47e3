import { parse } from 'csv-parse/sync';
import type { Line } from './lines.ts';

/** A record of a CSV file. One whose fields are unknown is malformed, and stands at its first line. */
export interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[] | undefined;
}

const maxLinesOfRecord = 200;
const maxCharactersOfRecord = 1_048_576;
/** Split together, because a call of the library costs more than a record. */
const maxBatched = 200;

/**
 * Splits lines into records, also those whose quoted fields go over several lines. A quote that nobody closes costs its
 * own line and no other: `columns` says how many fields prove that lines belong together.
 */
export async function* csvRecords(lines: AsyncIterable<Line>, columns: () => number | undefined) {
  let open: Line[] = [];
  let openCharacters = 0;
  let isQuoted = false;
  let whole: Line[] = [];

  const takeOpen = () => {
    const taken = open;
    [open, openCharacters, isQuoted] = [[], 0, false];
    return taken;
  };

  function* add(line: Line): Generator<CsvRecord> {
    if (open.length === 0 && line.text.trim() === '') return;
    open.push(line);
    openCharacters += line.text.length;
    if (countQuotes(line.text) % 2 === 1) isQuoted = !isQuoted;
    if (!isQuoted && open.length === 1) {
      whole.push(...takeOpen());
      if (whole.length >= (columns() === undefined ? 1 : maxBatched)) yield* flush();
    } else if (!isQuoted) {
      yield* flush();
      yield* join(takeOpen());
    } else if (open.length > maxLinesOfRecord || openCharacters > maxCharactersOfRecord) {
      yield* flush();
      yield* reject(takeOpen());
    }
  }

  function* flush(): Generator<CsvRecord> {
    const taken = whole;
    whole = [];
    yield* splitAll(taken);
  }

  function* join(lines: readonly Line[]): Generator<CsvRecord> {
    const fields = split(lines.map(({ text }) => text).join('\n'));
    const expected = columns();
    const isRecord = fields?.length === 1 && (expected === undefined || fields[0]?.length === expected);
    if (isRecord) yield { line: lines[0]?.number ?? 0, fields: fields[0] };
    else yield* reject(lines);
  }

  /** The first line is to blame; those after it are read as if it were not there. */
  function* reject([first, ...others]: readonly Line[]): Generator<CsvRecord> {
    if (!first) return;
    yield* flush();
    yield { line: first.number, fields: undefined };
    for (const line of others) yield* add(line);
  }

  for await (const line of lines) yield* add(line);
  while (open.length > 0) {
    yield* flush();
    yield* reject(takeOpen());
  }
  yield* flush();
}

function* splitAll(lines: readonly Line[]): Generator<CsvRecord> {
  const together = split(lines.map(({ text }) => text).join('\n'));
  for (const [index, { number, text }] of lines.entries()) {
    const [alone, ...more] = together?.length === lines.length ? [together[index]] : (split(text) ?? []);
    yield { line: number, fields: more.length === 0 ? alone : undefined };
  }
}

function split(text: string): string[][] | undefined {
  try {
    return parse(`${text}\n`, { record_delimiter: ['\r\n', '\n'], relax_column_count: true });
  } catch {
    return undefined;
  }
}

function countQuotes(text: string): number {
  let count = 0;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) count += 1;
  return count;
}
