import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type FaultResults, pageOf } from '../faults/support/page.ts';
import { read, root, sectionsOf } from '../support/markdown.ts';

const survived = sectionsOf('docs/operating.md').find(({ heading }) => heading === 'What it survives')?.text ?? '';
const results = JSON.parse(read('bench/results/faults.json')) as FaultResults;
const tried = readdirSync(join(root, 'test/faults'))
  .filter((name) => name.endsWith('.test.ts'))
  .toSorted();

test('every fault that is tried is named where operators look', () => {
  expect(tried.length).toBeGreaterThan(0);
  expect(tried.filter((name) => !survived.includes(`(../test/faults/${name})`))).toEqual([]);
});

test('the page of faults shows what came of them last, by the command that makes it', () => {
  const page = read('bench/results/faults.md');
  expect(page).toMatch(/^# What the service survives\n\nWritten by `npm run faults`/);
  expect(page).toBe(pageOf(results));
});

test('every fault was survived, as often as a claim needs', () => {
  expect(results.runs.map(({ file }) => file)).toEqual(tried);
  expect(results.runs.filter(({ haveAllHeld, share }) => !haveAllHeld || share < 1)).toEqual([]);
});
