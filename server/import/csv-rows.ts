import { csvRecords } from './csv-records.ts';
import { isMisread, linesOf } from './lines.ts';
import type { OpenedFile } from './opened-file.ts';
import { ImportError } from './record.ts';
import type { Row } from './row.ts';

/** How the cells of one column come into a customer. */
type Column = { readonly field: 'id' | 'email' | 'name' } | { readonly metadataKey: string } | undefined;

/** Customers of a CSV file, shaped like Stripe's. The first record names the columns, as Stripe's export does. */
export async function* csvRows({ chunks }: OpenedFile): AsyncGenerator<Row> {
  let columns: readonly Column[] | undefined;
  for await (const { line, fields } of csvRecords(linesOf(chunks), () => columns?.length)) {
    if (columns) yield rowOf(columns, `line ${line}`, fields);
    else columns = columnsOf(fields ?? []);
  }
}

function columnsOf(header: readonly string[]): Column[] {
  const columns = header.map(columnOf);
  if (!columns.some((column) => column && 'field' in column && column.field === 'id')) {
    throw new ImportError('The first line names no column "id": it must be a header, its names separated by commas.');
  }
  return columns;
}

function columnOf(title: string): Column {
  const name = title.trim().toLowerCase();
  if (name === 'id' || name === 'email' || name === 'name') return { field: name };
  const [, bracketed, followed] = /^metadata\[(.+)\]$|^(.+) \(metadata\)$/i.exec(title.trim()) ?? [];
  const metadataKey = bracketed ?? followed;
  return metadataKey === undefined ? undefined : { metadataKey };
}

function rowOf(columns: readonly Column[], where: string, fields: readonly string[] | undefined): Row {
  if (!fields) return { where, reason: 'it is not CSV: a quote stands where none may, or is not closed' };
  if (fields.length !== columns.length) {
    return { where, reason: `it has ${fields.length} columns, and the header ${columns.length}` };
  }
  if (fields.some(isMisread)) return { where, reason: 'it is not UTF-8' };

  const given = columns.flatMap((column, index) =>
    column && 'field' in column ? [[column.field, fields[index]] as const] : [],
  );
  const metadata = columns.flatMap((column, index) =>
    column && 'metadataKey' in column && fields[index] ? [[column.metadataKey, fields[index]] as const] : [],
  );
  return { where, value: { ...Object.fromEntries(given), metadata: Object.fromEntries(metadata) } };
}
