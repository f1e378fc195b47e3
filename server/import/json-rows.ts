import { pipeline, Readable } from 'node:stream';
import { type VerifierError, verifyFile } from 'stream-json/file/verifier.js';
import { pick } from 'stream-json/filters/pick.js';
import { type StreamArrayItem, streamArray } from 'stream-json/streamers/stream-array.js';
import { isBlank, isMisread, linesOf } from './lines.ts';
import type { OpenedFile } from './opened-file.ts';
import { ImportError } from './record.ts';
import type { Row } from './row.ts';

/** The objects of a JSON array, or of the `data` of Stripe's list object. After broken JSON nothing can be told apart. */
export async function* jsonRows(file: OpenedFile): AsyncGenerator<Row> {
  let row = 0;
  try {
    for await (const { value } of itemsOf(file)) yield { where: `row ${(row += 1)}`, value };
  } catch (error) {
    throw error instanceof ImportError ? error : await importErrorOf(file);
  }
}

/** Reads the file again, for the place: the parser does not tell it. */
const importErrorOf = ({ path }: OpenedFile): Promise<ImportError> =>
  verifyFile(path).then(
    () => new ImportError(`${path} must hold an array of objects, or a list of Stripe’s.`),
    ({ line, pos }: VerifierError) => new ImportError(`${path} is broken JSON: line ${line}, character ${pos}.`),
  );

async function* itemsOf({ path, chunks, head }: OpenedFile): AsyncGenerator<StreamArrayItem> {
  const source = Readable.from(chunks);
  if (!head.trimStart().startsWith('{')) {
    yield* pipeline(source, streamArray.withParserAsStream(), ignoreEnd);
    return;
  }
  let hasRows = false;
  const filter = (path: readonly unknown[]) => path.length === 1 && path[0] === 'data' && (hasRows = true);
  yield* pipeline(source, pick.withParserAsStream({ filter }), streamArray.asStream(), ignoreEnd);
  if (!hasRows)
    throw new ImportError(`${path} is one object without "data": it must be an array, or a list of Stripe’s.`);
}

/** Whoever reads the end of the pipeline gets its error there. */
const ignoreEnd = () => undefined;

/** The objects of a file with one JSON object per line. */
export async function* jsonLineRows({ chunks }: OpenedFile): AsyncGenerator<Row> {
  for await (const line of linesOf(chunks)) if (!isBlank(line)) yield parseLine(`line ${line.number}`, line.text);
}

function parseLine(where: string, text: string): Row {
  if (isMisread(text)) return { where, reason: 'it is not UTF-8' };
  try {
    return { where, value: JSON.parse(text) };
  } catch {
    return { where, reason: 'it is not JSON' };
  }
}
