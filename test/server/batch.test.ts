import { expect, test } from 'vitest';
import { createBatch } from '../../server/database/batch.ts';

/** A store that commits when told to, and refuses 'bad'. */
function createStore() {
  const writes: (readonly string[])[] = [];
  let release: (() => void) | undefined;
  const write = async (items: readonly string[]) => {
    writes.push(items);
    await new Promise<void>((resolve) => (release = resolve));
    if (items.includes('bad')) throw new Error('bad item');
    if (items.includes('down')) throw new Error('store is down');
  };
  return { batch: createBatch({ write, isItemsFault, maxItems: 3 }), writes, commit: () => release?.() };
}

const isItemsFault = (error: unknown) => error instanceof Error && error.message === 'bad item';

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

test('one bad item does not fail its neighbours', async () => {
  const { batch, commit } = createStore();
  const added = Promise.allSettled(['a', 'bad', 'c'].map(batch.add));
  for (let write = 0; write < 4; write++) {
    await turn();
    commit();
    await turn();
  }
  expect((await added).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});

test('a failure that is nobody’s fault is not tried again for each', async () => {
  const { batch, writes, commit } = createStore();
  const added = Promise.allSettled(['a', 'down', 'c'].map(batch.add));
  await turn();
  commit();
  expect((await added).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(writes).toHaveLength(1);
});
