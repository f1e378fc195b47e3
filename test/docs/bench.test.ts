import { expect, test } from 'vitest';
import { type Results, withFigures } from '../../bench/readme.ts';
import { read } from '../support/markdown.ts';

const results = JSON.parse(read('bench/results/results.json')) as Results;

test('the README shows the figures that were measured last', () => {
  expect(read('README.md')).toBe(withFigures(read('README.md'), results));
});

test('there are figures to show', () => {
  expect(results.rows.filter(({ headline }) => headline !== undefined).length).toBeGreaterThan(5);
});

test('everything was measured', () => {
  expect(results.failures).toEqual([]);
});
