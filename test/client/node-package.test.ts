import { expect, test } from 'vitest';
import { read } from '../support/markdown.ts';

const manifest = JSON.parse(read('package.json')) as {
  private: boolean;
  scripts: Record<string, string>;
};

test('whoever packs it gets what was built from these sources', () => {
  expect(manifest.scripts['prepack']).toBe('npm run build');
});

test('it cannot be published by mistake: the name on the public registry is not ours', () => {
  expect(manifest.private).toBe(true);
});

test('the React entry may be imported by a Server Component', () => {
  expect(read('dist/client/react/index.js').split('\n')[0]).toBe("'use client';");
});
