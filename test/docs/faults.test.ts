import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { read, root, sectionsOf } from '../support/markdown.ts';

const survived = sectionsOf('docs/operating.md').find(({ heading }) => heading === 'What it survives')?.text ?? '';

test('every fault that is tried is named where operators look', () => {
  const tried = readdirSync(join(root, 'test/faults')).filter((name) => name.endsWith('.test.ts'));
  expect(tried.length).toBeGreaterThan(0);
  expect(tried.filter((name) => !survived.includes(`(../test/faults/${name})`))).toEqual([]);
});

test('the results are those of the command that makes them', () => {
  const page = read('bench/results/faults.md');
  expect(page).toMatch(/^# What the service survives\n\nWritten by `npm run faults` on /);
  expect(page).toContain(' Every test held.');
});
