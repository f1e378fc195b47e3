import type { ImportProblem } from '../../schema/context.ts';
import type { Tally } from './counts.ts';
import type { RecordKind } from './record.ts';

/** What came of some records. */
export interface Written {
  readonly tallies: readonly Tally[];
  readonly problems: readonly ImportProblem[];
}

/** What the statement says of one record: written anew, written over, found the same (`null`), or why it cannot be used. */
export interface WrittenRow extends Record<string, unknown> {
  readonly stripe_id: string;
  readonly is_new: boolean | null;
  readonly problem: string | null;
}

export function writtenOf(kind: RecordKind, rows: readonly WrittenRow[]): Written {
  const usable = rows.filter(({ problem }) => problem === null);
  const tally = (name: Tally['name'], count: number): Tally => ({ kind, name, count });
  return {
    tallies: [
      tally('created', usable.filter(({ is_new }) => is_new === true).length),
      tally('changed', usable.filter(({ is_new }) => is_new === false).length),
      tally('same', usable.filter(({ is_new }) => is_new === null).length),
      tally('unusable', rows.length - usable.length),
    ],
    problems: rows.flatMap(({ stripe_id, problem }) => (problem === null ? [] : { where: stripe_id, reason: problem })),
  };
}
