import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { read, root, rowsUnder } from '../support/markdown.ts';

const rows = rowsUnder('docs/threat-model.md', 'Threats');
const named = rows.flatMap(([, , tests = '']) => tests.split(', '));

test('every threat names what stops it and a test', () => {
  expect(rows.length).toBeGreaterThan(0);
  expect(rows.filter((cells) => cells.length !== 3 || cells.includes(''))).toEqual([]);
});

test('every test that is named exists, and holds something', () => {
  expect(named.filter((name) => !existsSync(join(root, 'test/attacks', name)))).toEqual([]);
  expect(named.filter((name) => !/^\s*(test|it)\b/m.test(read(`test/attacks/${name}`)))).toEqual([]);
});

test('every attack that is tried is named', () => {
  const tried = readdirSync(join(root, 'test/attacks')).filter((name) => /\.test\.tsx?$/.test(name));
  expect(tried.filter((name) => !named.includes(name))).toEqual([]);
});
