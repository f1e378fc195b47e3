import { expect, test } from 'vitest';
import { createHarnessForTest } from '../support/harness.ts';
import { createDatabase } from '../support/postgres.ts';

/** Four processes that start at the same moment on an empty database. */
async function processesTogether() {
  const connection = await createDatabase();
  return Promise.all(Array.from({ length: 4 }, () => createHarnessForTest({ connection })));
}

test('processes that start together for the first time agree on the signing keys', async () => {
  const rings = (await processesTogether()).map(({ rules: { keyRing } }) =>
    [...keyRing.published('test'), ...keyRing.published('live')].map(({ kid }) => kid),
  );
  expect(rings[0]).toHaveLength(2);
  for (const ring of rings) expect(ring).toEqual(rings[0]);
});

test('processes that start together for the first time make one merchant', async () => {
  const processes = await processesTogether();
  await processes[0]?.database.db.execute('truncate merchants cascade');
  const made = await Promise.all(processes.map(({ rules }) => rules.merchants.createFirst('My company')));
  expect(made.filter((merchant) => merchant !== undefined)).toHaveLength(1);
  expect(await processes[0]?.rules.merchants.list()).toHaveLength(1);
});
