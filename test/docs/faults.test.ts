import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type FaultResults, pageOf } from '../faults/support/page.ts';
import { read } from '../support/markdown.ts';

const results = JSON.parse(read('bench/results/faults.json')) as FaultResults;

test('the page of faults shows what came of them last', () => {
  expect(read('bench/results/faults.md')).toBe(pageOf(results));
});

test('every fault was survived, as often as a claim needs', () => {
  const files = readdirSync('test/faults')
    .filter((name) => name.endsWith('.test.ts'))
    .toSorted();
  expect(results.runs.map(({ file }) => file)).toEqual(files);
  expect(results.runs.filter(({ haveAllHeld, share }) => !haveAllHeld || share < 1)).toEqual([]);
});
