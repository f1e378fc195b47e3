import type { ImportCount, ImportCounts } from '../../schema/context.ts';
import { type RecordKind, recordKinds } from './record.ts';

const none: ImportCount = { created: 0, changed: 0, same: 0, unusable: 0 };

export const noCounts: ImportCounts = { product: none, price: none, customer: none, subscription: none };

export type CountName = keyof ImportCount;

/** What came of records of one kind. */
export interface Tally {
  readonly kind: RecordKind;
  readonly name: CountName;
  readonly count: number;
}

export const withTallies = (counts: ImportCounts, tallies: readonly Tally[]): ImportCounts => {
  const sum = (kind: RecordKind, name: CountName) =>
    tallies
      .filter((tally) => tally.kind === kind && tally.name === name)
      .reduce((total, { count }) => total + count, counts[kind][name]);
  const countOf = (kind: RecordKind): ImportCount => ({
    created: sum(kind, 'created'),
    changed: sum(kind, 'changed'),
    same: sum(kind, 'same'),
    unusable: sum(kind, 'unusable'),
  });
  return {
    product: countOf('product'),
    price: countOf('price'),
    customer: countOf('customer'),
    subscription: countOf('subscription'),
  };
};

export const totalOf = (counts: ImportCounts): number =>
  recordKinds.reduce((total, kind) => total + Object.values(counts[kind]).reduce((sum, count) => sum + count, 0), 0);
