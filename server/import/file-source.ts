import { extname } from 'node:path';
import { recordOf } from '../stripe/record.ts';
import { csvRows } from './csv-rows.ts';
import { jsonLineRows, jsonRows } from './json-rows.ts';
import { type OpenedFile, openFile } from './opened-file.ts';
import { ImportError, type ImportSource, type RowProblem, type SourceBatch, type SourceRecord } from './record.ts';
import type { Row } from './row.ts';

type Reader = (file: OpenedFile) => AsyncIterable<Row>;

const readers: Readonly<Record<string, Reader>> = {
  '.csv': csvRows,
  '.json': jsonRows,
  '.jsonl': jsonLineRows,
  '.ndjson': jsonLineRows,
};

const batchSize = 500;

/**
 * Reads an export, and never more of it into memory than some hundred rows. Ids that come twice are passed on twice.
 * Its cursor is the number of rows read: it counts for the same file only.
 */
export function createFileSource(path: string): ImportSource {
  return { kind: 'file', read: (cursor = '0') => read(path, cursor) };
}

async function* read(path: string, cursor: string): AsyncGenerator<SourceBatch> {
  const reader = readers[extname(path).toLowerCase()];
  if (!reader) throw new ImportError(`${path} must end in ${Object.keys(readers).join(', ')}.`);
  if (!/^\d{1,15}$/.test(cursor))
    throw new ImportError('This import was not begun from a file, and cannot go on from there.');

  const file = await openFile(path);
  try {
    let rowsRead = 0;
    let batch = emptyBatch();
    for await (const row of reader(file)) {
      rowsRead += 1;
      if (rowsRead <= Number(cursor)) continue;
      add(batch, row);
      if ((rowsRead - Number(cursor)) % batchSize !== 0) continue;
      yield { ...batch, cursor: String(rowsRead), fraction: file.fraction() };
      batch = emptyBatch();
    }
    yield { ...batch, cursor: String(Math.max(rowsRead, Number(cursor))), fraction: 1 };
  } finally {
    await file.close();
  }
}

const emptyBatch = (): { records: SourceRecord[]; problems: RowProblem[] } => ({ records: [], problems: [] });

function add({ records, problems }: ReturnType<typeof emptyBatch>, row: Row): void {
  const result = 'reason' in row ? row : recordOf(row.value, row.where);
  if (!result) return;
  if ('reason' in result) problems.push(result);
  else records.push(result);
}
