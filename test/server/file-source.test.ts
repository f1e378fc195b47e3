import { createWriteStream, existsSync, readdirSync, readlinkSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFileSource } from '../../server/import/file-source.ts';
import { ImportError, type SourceBatch } from '../../server/import/record.ts';
import { generateAccount } from '../support/stripe-account.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'billingos-import-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function fileOf(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(await mkdtemp(join(directory, 'file-')), name);
  await writeFile(path, content);
  return path;
}

async function read(path: string, cursor?: string) {
  const batches: SourceBatch[] = [];
  for await (const batch of createFileSource(path).read(cursor)) batches.push(batch);
  const records = batches.flatMap(({ records }) => records);
  return {
    batches,
    records,
    ids: records.map(({ stripeId }) => stripeId),
    problems: batches.flatMap(({ problems }) => problems.map(({ where, reason }) => `${where}: ${reason}`)),
    wheres: batches.flatMap(({ problems }) => problems.map(({ where }) => where)),
  };
}

const readText = async (name: string, content: string | Uint8Array) => read(await fileOf(name, content));

async function refusalOf(path: string, cursor?: string): Promise<string> {
  const error: unknown = await read(path, cursor).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ImportError);
  return (error as ImportError).message;
}

const lines = (...texts: string[]) => texts.join('\n');

const stripeExport = lines(
  'id,Description,Email,Name,Created (UTC),plan (metadata),metadata[Seats]',
  'cus_1,A shop,Ada@Example.COM,"Lovelace, Ada",2024-01-05 13:37,gold,3',
  'cus_2,,,,2024-01-05,,',
);

describe('a CSV file', () => {
  test('of Stripe’s own export gives its customers, with metadata, and addresses as given', async () => {
    const { records, problems } = await readText('export.csv', stripeExport);
    expect(problems).toEqual([]);
    expect(records).toEqual([
      {
        kind: 'customer',
        stripeId: 'cus_1',
        email: 'Ada@Example.COM',
        name: 'Lovelace, Ada',
        metadata: { plan: 'gold', Seats: '3' },
      },
      {
        kind: 'customer',
        stripeId: 'cus_2',
        email: null,
        name: null,
        metadata: {},
      },
    ]);
  });

  test('says nothing of columns that it does not have, and that those which are empty are empty', async () => {
    const { records } = await readText('some.csv', lines('id,email', 'cus_1,'));
    expect(records).toEqual([{ kind: 'customer', stripeId: 'cus_1', email: null, name: undefined, metadata: {} }]);
  });

  test('without times gives the same answer each time it is read', async () => {
    const path = await fileOf('plain.csv', lines('ID,Email', 'cus_1,a@b.c'));
    const first = await read(path);
    expect(first.ids).toEqual(['cus_1']);
    expect((await read(path)).records).toEqual(first.records);
  });

  test('reads the same with a byte order mark, CRLF, blank lines and no last line feed', async () => {
    const plain = await readText('plain.csv', `${stripeExport}\n`);
    const odd = await readText('odd.CSV', `\uFEFF${stripeExport.replaceAll('\n', '\r\n\r\n')}`);
    expect(plain.records).toHaveLength(2);
    expect(odd).toEqual({ ...plain, batches: expect.anything() });
  });

  test('keeps quoted commas, quotes and line breaks, and counts the lines inside', async () => {
    const { records, wheres } = await readText(
      'quoted.csv',
      lines('id,name,note', 'cus_1,"A ""B""","one\r', 'two, three', '', 'four"', 'nonsense,,', 'cus_3,C,c', 'cus_4,D'),
    );
    expect(records).toMatchObject([
      { stripeId: 'cus_1', name: 'A "B"' },
      { stripeId: 'cus_3', name: 'C' },
    ]);
    expect(wheres).toEqual(['line 6', 'line 8']);
  });

  test.each([
    ['a quote that is not closed', 'cus_2,"Bob,b@x.y'],
    ['a quote inside a field', 'cus_2,B"o"b,b@x.y'],
    ['one quote inside a field', 'cus_2,B"ob,b@x.y'],
    ['text after a quote', 'cus_2,"Bob"by,b@x.y'],
    ['a column too many', 'cus_2,Bob,b@x.y,1'],
    ['a column too few', 'cus_2,Bob'],
    ['an id of another kind', 'sub_2,Bob,b@x.y'],
    ['no id', ',Bob,b@x.y'],
    ['a NUL', 'cus_2,B\0ob,b@x.y'],
    ['a name without end', `cus_2,${'b'.repeat(1_001)},b@x.y`],
  ])('with %s names that line and reads all others', async (_what, broken) => {
    const filler = 'x'.repeat(65_536);
    const good = (id: number) => `cus_${id},Good,"g@x.y"`;
    const { ids, wheres } = await readText(
      'broken.csv',
      // The file begins like text, whatever the broken line holds.
      lines('id,name,email', `${filler},,`, good(1), broken, ...Array.from({ length: 300 }, (_, at) => good(at + 3))),
    );
    expect(wheres).toEqual(['line 2', 'line 4']);
    expect(ids).toEqual(['cus_1', ...Array.from({ length: 300 }, (_, at) => `cus_${at + 3}`)]);
  });

  test('whose last line never ends its quote names it', async () => {
    const { ids, wheres } = await readText('broken.csv', lines('id,name', 'cus_1,Ada', 'cus_2,"Bob', 'cus_3,Eve', ''));
    expect([ids, wheres]).toEqual([['cus_1', 'cus_3'], ['line 3']]);
  });

  test('with two quotes that seem to belong together, but for the columns, loses no row between them', async () => {
    const { ids, wheres } = await readText(
      'broken.csv',
      lines('id,name,email', 'cus_1,"Ada', 'cus_2,Bob,b@x.y', 'cus_3,Cy"', 'cus_4,Di,d@x.y'),
    );
    expect([ids, wheres]).toEqual([
      ['cus_2', 'cus_4'],
      ['line 2', 'line 4'],
    ]);
  });

  test('with bytes that are not UTF-8 names their line', async () => {
    // The file begins like UTF-8, as far as is looked at its beginning.
    const early = Buffer.from(`id,name\n${`cus_1,${'x'.repeat(900)}\n`.repeat(100)}`);
    const { ids, wheres } = await readText(
      'latin1.csv',
      Buffer.concat([early, Buffer.from('cus_2,Andr\xe9\n', 'latin1')]),
    );
    expect([ids.length, wheres]).toEqual([100, ['line 102']]);
  });

  test('with one broken row in a hundred loses those alone', async () => {
    const kinds = [
      (id: number) => `cus_${id},"never closed,a@b.c`,
      (id: number) => `cus_${id},too,many,a@b.c`,
      () => 'ada@example.com,Ada,',
    ];
    const row = (id: number) => (id % 100 === 50 ? kinds[id % 3]?.(id) : `cus_${id},"Customer\n${id}",c${id}@x.y`);
    const { ids, problems, batches } = await readText(
      'many.csv',
      lines('id,name,email', ...Array.from({ length: 20_000 }, (_, id) => row(id) ?? '')),
    );
    expect(ids).toHaveLength(19_800);
    expect(new Set(ids).size).toBe(19_800);
    expect(problems).toHaveLength(200);
    // Row 50 stands after 50 rows of two lines and the header.
    expect(problems[0]).toMatch(/^line 102: /);
    expect(problems.join()).not.toContain('ada@');
    expect(batches.every(({ records, problems }) => records.length + problems.length <= 500)).toBe(true);
  });

  test.each([
    ['no id among its columns', 'email,name\na@b.c,Ada\n'],
    ['semicolons', 'id;email\ncus_1;a@b.c\n'],
    ['a header that is no CSV', 'id,"email\ncus_1,a@b.c\n'],
  ])('with %s is refused', async (_what, content) => {
    expect(await refusalOf(await fileOf('bad.csv', content))).toContain('no column "id"');
  });
});

describe('a JSON file', () => {
  const { products, prices, customers, subscriptions } = generateAccount({
    products: 2,
    prices: 2,
    customers: 2,
    subscriptions: 2,
  });
  const objects = [...products, ...prices, ...customers, ...subscriptions];
  const kinds = ['product', 'product', 'price', 'price', 'customer', 'customer', 'subscription', 'subscription'];

  test.each([
    ['array of objects', 'all.json', JSON.stringify(objects)],
    [
      'array after a byte order mark',
      'all.json',
      `\uFEFF ${JSON.stringify(objects, null, 2).replaceAll('\n', '\r\n')}`,
    ],
    [
      'list object of Stripe',
      'all.json',
      JSON.stringify({ object: 'list', more: [{ data: [1] }], data: objects, has_more: false }),
    ],
    ['object on each line', 'all.jsonl', objects.map((object) => JSON.stringify(object)).join('\n')],
    [
      'object on each line, with CRLF and a byte order mark',
      'all.NDJSON',
      `\uFEFF${objects.map((object) => `${JSON.stringify(object)}\r\n\r\n`).join('')}`,
    ],
  ])('that is one %s gives the records of every kind', async (_what, name, content) => {
    const { records, problems, ids } = await readText(name, content);
    expect(problems).toEqual([]);
    expect(records.map(({ kind }) => kind)).toEqual(kinds);
    expect(ids).toEqual(objects.map(({ id }) => id));
  });

  test('takes an object that does not say its kind for a customer, and leaves out what Stripe has deleted', async () => {
    const { records } = await readText('some.json', '[{"id":"cus_1","email":"a@b.c"},{"id":"cus_2","deleted":true}]');
    expect(records).toMatchObject([{ kind: 'customer', stripeId: 'cus_1', email: 'a@b.c' }]);
  });

  const good = { id: 'cus_1', created: 1, name: 'one\u2028line' };
  const broken = [null, 7, 'text', [good], {}, { id: 'cus_9', name: 1 }, { id: 'in_1', object: 'invoice' }];
  test.each([
    ['row', 'mixed.json', JSON.stringify([...broken, good])],
    ['line', 'mixed.jsonl', [...broken, good].map((value) => JSON.stringify(value)).join('\n')],
  ])('names each broken %s and reads on', async (unit, name, content) => {
    const { wheres, records } = await readText(name, content);
    expect(wheres).toEqual(broken.map((_, at) => `${unit} ${at + 1}`));
    expect(records).toMatchObject([{ stripeId: 'cus_1', name: 'one\u2028line' }]);
  });

  test('with one object a line names the lines that are not JSON', async () => {
    const { problems, ids } = await readText('bad.jsonl', '{"id":"cus_1"}\n{"id":"cus_2"\n\nnot json\n{"id":"cus_3"}');
    expect(problems).toEqual(['line 2: it is not JSON', 'line 4: it is not JSON']);
    expect(ids).toEqual(['cus_1', 'cus_3']);
  });

  test.each([
    ['broken', '[{"id":"cus_1"},\n{"id":]', 'broken JSON: line 2, character 7'],
    ['cut off', '[{"id":"cus_1"},{"id":"cus', 'broken JSON: line 1'],
    ['a number', '7', 'must hold an array'],
    ['one object', '{"id":"cus_1","nested":{"data":[{"id":"cus_2"}]}}', 'without "data"'],
    ['a list that holds none', '{"data":{"id":"cus_1"}}', 'must hold an array'],
  ])('that is %s is refused', async (_what, content, message) => {
    expect(await refusalOf(await fileOf('bad.json', content))).toContain(message);
  });
});

describe('any file', () => {
  const csv = lines(
    'id,name',
    ...Array.from({ length: 1_234 }, (_, id) => (id % 300 === 7 ? `cus_${id}` : `cus_${id},C`)),
  );
  const ids = Array.from({ length: 1_234 }, (_, id) => `cus_${id}`).filter((_, id) => id % 300 !== 7);
  const json = JSON.stringify(ids.map((id) => ({ id })));

  test.each([
    ['csv', csv],
    ['json', json],
    ['jsonl', ids.map((id) => JSON.stringify({ id })).join('\n')],
  ])('%s is read in batches of 500, and goes on after each with exactly the rest', async (extension, content) => {
    const path = await fileOf(`file.${extension}`, content);
    const all = await read(path);
    expect(all.ids).toEqual(ids);
    expect(all.batches.map(({ records, problems }) => records.length + problems.length).slice(0, 2)).toEqual([
      500, 500,
    ]);

    for (const [index, { cursor }] of all.batches.entries()) {
      const rest = await read(path, cursor);
      expect(rest.records).toEqual(all.batches.slice(index + 1).flatMap(({ records }) => records));
      expect(rest.wheres).toEqual(
        all.batches.slice(index + 1).flatMap(({ problems }) => problems.map(({ where }) => where)),
      );
    }
  });

  test('says how much of it is read', async () => {
    const path = await fileOf(
      'large.csv',
      `${lines('id,name', ...Array.from({ length: 5_000 }, (_, id) => `cus_${id},${'x'.repeat(100)}`))}\n`,
    );
    const fractions = (await read(path)).batches.map(({ fraction }) => fraction ?? NaN);
    expect(fractions).toHaveLength(11);
    expect(fractions).toEqual(fractions.toSorted((one, other) => one - other));
    expect(fractions[0]).toBeLessThan(0.4);
    expect(fractions[5]).toBeGreaterThan(0.4);
    expect(fractions.at(-1)).toBe(1);
  });

  test.runIf(platform() === 'linux')(
    'is closed at its end, when it is given up half-way, and when it is refused',
    async () => {
      const isOpen = (path: string) =>
        readdirSync('/proc/self/fd').some((fd) => {
          const link = `/proc/self/fd/${fd}`;
          return existsSync(link) && readlinkSync(link) === path;
        });
      const path = await fileOf('file.csv', csv);
      for await (const { records } of createFileSource(path).read()) {
        expect(records.length).toBeGreaterThan(0);
        expect(isOpen(path)).toBe(true);
        break;
      }
      expect(isOpen(path)).toBe(false);
      await read(path);
      expect(isOpen(path)).toBe(false);
      const empty = await fileOf('empty.csv', '');
      await refusalOf(empty);
      expect(isOpen(empty)).toBe(false);
    },
  );

  test.each([
    ['that is not there', async () => join(directory, 'missing.csv'), 'is not there'],
    [
      'that is a directory',
      async () => (await mkdir(join(directory, 'folder.csv')), join(directory, 'folder.csv')),
      'is a directory',
    ],
    ['that is a device', async () => '/dev/null', 'must end in .csv, .json, .jsonl, .ndjson'],
    ['that is empty', () => fileOf('empty.csv', ''), 'is empty'],
    ['that is blank', () => fileOf('blank.json', ' \r\n\n'), 'is empty'],
    ['that holds a byte order mark alone', () => fileOf('mark.csv', '\uFEFF'), 'is empty'],
    ['that is binary', () => fileOf('image.csv', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0])), 'not a text file'],
    ['that is in UTF-16', () => fileOf('wide.csv', Buffer.from(csv, 'utf16le')), 'not a text file'],
    [
      'that is in Latin-1',
      () => fileOf('latin1.csv', Buffer.from('id,name\ncus_1,André', 'latin1')),
      'not a text file',
    ],
    ['of another kind', () => fileOf('book.xlsx', csv), 'must end in'],
  ])('%s is refused', async (_what, path, message) => {
    expect(await refusalOf(await path())).toContain(message);
  });

  test('goes on from no cursor of another source', async () => {
    expect(await refusalOf(await fileOf('file.csv', csv), '{"kind":"customer"}')).toContain('cannot go on');
  });
});

describe('memory', () => {
  const megabyte = 1_048_576;
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const heapUsed = () => (collectGarbage(), process.memoryUsage().heapUsed);

  /** What stands between `start` and `end`, repeated until the file has the size. */
  async function largeFile(name: string, size: number, start: string, row: string, end: string): Promise<string> {
    const path = join(directory, name);
    const rowsInChunk = Math.ceil(megabyte / row.length);
    const chunks = Math.ceil(size / (rowsInChunk * row.length));
    const chunk = row.repeat(rowsInChunk);
    await pipeline(
      Readable.from([start, ...Array.from({ length: chunks }, () => chunk), end]),
      createWriteStream(path),
    );
    return path;
  }

  const note = 'x'.repeat(900);
  test.each([
    ['CSV', 'large.csv', 40 * megabyte, 'id,email,note\n', `cus_1,a@b.c,"${note}"\n`, ''],
    [
      'CSV with a quote that nobody closes',
      'open.csv',
      25 * megabyte,
      'id,email,note\ncus_1,a@b.c,"',
      `cus_1,a@b.c,${note}\n`,
      '',
    ],
    ['JSON', 'large.json', 25 * megabyte, '[', `{"id":"cus_1","note":"${note}"},`, '{"id":"cus_2"}]'],
    ['JSON with an object on each line', 'large.jsonl', 50 * megabyte, '', `{"id":"cus_1","note":"${note}"}\n`, ''],
  ])('stays flat for a large file of %s', { timeout: 60_000 }, async (_what, name, size, start, row, end) => {
    const path = await largeFile(name, size, start, row, end);
    const before = heapUsed();
    let highest = 0;
    let rows = 0;
    for await (const { records } of createFileSource(path).read()) {
      rows += records.length;
      if (Math.floor(rows / 10_000) !== Math.floor((rows - records.length) / 10_000))
        highest = Math.max(highest, heapUsed());
    }
    await rm(path);
    expect(rows).toBeGreaterThan(size / (row.length + 1));
    expect(highest).toBeGreaterThan(0);
    expect(highest - before).toBeLessThan(15 * megabyte);
  });
});
