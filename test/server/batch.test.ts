import { expect, test } from 'vitest';
import { createBatch } from '../../server/database/batch.ts';

/** A store that commits when told to, answers with what it wrote, and fails on 'down'. */
function createStore() {
  const writes: (readonly string[])[] = [];
  let release: (() => void) | undefined;
  const run = async (items: readonly string[]) => {
    writes.push(items);
    await new Promise<void>((resolve) => (release = resolve));
    if (items.includes('down')) throw new Error('store is down');
    return items.map((item) => item.toUpperCase());
  };
  return { batch: createBatch({ run, maxItems: 3 }), writes, commit: () => release?.() };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('items that arrive together are written together, at most as many as allowed', async () => {
  const { batch, writes, commit } = createStore();
  const added = Promise.all(['a', 'b', 'c', 'd'].map(batch.add));
  await turn();
  expect(writes).toEqual([['a', 'b', 'c']]);
  commit();
  await turn();
  commit();
  await added;
  expect(writes).toEqual([['a', 'b', 'c'], ['d']]);
});

test('nobody is told before the commit', async () => {
  const { batch, commit } = createStore();
  let isDone = false;
  const added = batch.add('a').then(() => (isDone = true));
  await turn();
  expect(isDone).toBe(false);
  commit();
  await added;
});

test('each item gets what came of it', async () => {
  const { batch, commit } = createStore();
  const added = Promise.all(['a', 'b'].map(batch.add));
  await turn();
  commit();
  expect(await added).toEqual(['A', 'B']);
});

test('a failure fails all that were written together, once', async () => {
  const { batch, writes, commit } = createStore();
  const added = Promise.allSettled(['a', 'down', 'c'].map(batch.add));
  await turn();
  commit();
  expect((await added).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(writes).toHaveLength(1);
});
