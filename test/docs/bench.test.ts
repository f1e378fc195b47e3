import { expect, test } from 'vitest';
import { type Results, withFigures } from '../../bench/readme.ts';
import { read } from '../support/markdown.ts';

test('the README shows the figures that were measured last', () => {
  const results = JSON.parse(read('bench/results/results.json')) as Results;
  expect(read('README.md')).toBe(withFigures(read('README.md'), results));
});
