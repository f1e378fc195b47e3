import { expect, test } from 'vitest';
import { readDocumentation } from '../../server/documentation.ts';

test('every link of the index that the server gives to machines leads to a document that it serves', async () => {
  const documentation = await readDocumentation();
  const links = [...(documentation.get('/llms.txt') ?? '').matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target);

  expect(links.length).toBeGreaterThan(5);
  expect(links.filter((target) => !documentation.has(target))).toEqual([]);
});
