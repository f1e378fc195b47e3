import { expect, test } from 'vitest';
import { readSettings } from '../../examples/shop/launch/settings.ts';
import { readConfig, variables } from '../../server/config.ts';
import { rowsUnder } from '../support/markdown.ts';

const documented = new Map(rowsUnder('README.md', 'Configuration').map(([name = '', value = '']) => [name, value]));
const read: Readonly<Record<string, string | number | readonly string[] | undefined>> = {
  ...variables.parse({}),
  SHOP_PORT: readSettings({}).shopPort,
};
const names = [...Object.keys(variables.shape), 'SHOP_PORT'];

/** Defaults that are made of something else. */
const derived = new Set(['PUBLIC_URL', 'BILLINGOS_MASTER_KEY']);

test('every variable is documented, and no other', () => {
  expect([...documented.keys()].toSorted()).toEqual(names.toSorted());
});

test.each(names.filter((name) => !derived.has(name)))('the default of %s is documented', (name) => {
  const value = read[name];
  expect(documented.get(name)).toBe([value].flat().join(','));
});

test('the documented PUBLIC_URL follows the port', () => {
  expect(documented.get('PUBLIC_URL')?.replace('{PORT}', '4321')).toBe(readConfig({ PORT: '4321' }).publicUrl);
});

test('the documented master key is made at the first start, unless the database is your own', () => {
  expect(documented.get('BILLINGOS_MASTER_KEY')).toBe('made at the first start');
  expect(readConfig({}).masterKey).toBeUndefined();
  expect(() => readConfig({ DATABASE_URL: 'postgres://localhost/billing' })).toThrow('BILLINGOS_MASTER_KEY');
});
