import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { documents, proseOf, read, root, sectionsOf } from '../support/markdown.ts';

const index = 'docs/llms.txt';

/** As GitHub makes an anchor of a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');

const anchorsIn = (path: string) => sectionsOf(path).map(({ heading }) => anchorOf(heading));

/** The relative links of a document: the file from the project's root, and the anchor in it. */
const linksIn = (path: string) =>
  [...proseOf(path).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [file = '', anchor] = target.split('#');
      return { target, file: file === '' ? path : relative(root, join(root, dirname(path), file)), anchor };
    });

describe.each([...documents, index])('%s', (path) => {
  test('links to files and anchors that exist', () => {
    const broken = linksIn(path).filter(({ file, anchor }) => {
      if (!existsSync(join(root, file))) return true;
      return anchor !== undefined && !anchorsIn(file).includes(anchor);
    });
    expect(broken.map(({ target }) => target)).toEqual([]);
  });
});

test('the index for machines names every document', () => {
  const named = new Set(linksIn(index).map(({ file }) => file));
  expect(documents.filter((path) => !named.has(path))).toEqual([]);
});

test('the index for machines has a title, a summary and lists of links', () => {
  expect(read(index)).toMatch(/^# [^\n]+\n\n> [^\n]+\n\n(.+\n)+\n## Docs\n\n(- \[[^\]]+\]\([^)]+\): [^\n]+\n)+/);
});

const decisions = documents.filter((path) => path.startsWith('docs/decisions/'));

test('decisions are numbered without gaps', () => {
  const numbers = decisions.map((path) => Number(/\/(\d{4})-[a-z0-9-]+\.md$/.exec(path)?.[1]));
  expect(numbers).toEqual(decisions.map((_path, position) => position + 1));
});

test.each(decisions)('%s has a date, a context, a decision and consequences', (path) => {
  const [, title, ...rest] = sectionsOf(path);
  expect(title?.heading).toMatch(new RegExp(`^${Number(path.slice('docs/decisions/'.length).slice(0, 4))}\\. `));
  expect(title?.text.trim()).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  expect(rest.map(({ heading }) => heading)).toEqual(['Context', 'Decision', 'Consequences']);
});
