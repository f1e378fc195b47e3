import { parseArgs } from 'node:util';
import { fullEffort, quickEffort, type Effort } from './effort.ts';

export interface Options {
  /** Empty: all of them. */
  readonly names: readonly string[];
  readonly effort: Effort;
  /** Whether the results are written down: those of a whole run are. */
  readonly isWhole: boolean;
}

export const usage = `npm run bench -- [options] [names]

Everything takes a quarter of an hour on two cores that have nothing else to do; with --rows 7 twice as long.

  --rows <4–7>   the largest number of sessions and customers for "growth", as a power of ten (default 6; quick: 4)
  --quick        few and short rounds: shows that everything runs, and writes nothing down
  names          only these; writes nothing down: `;

/** Reads the command line. Throws a RangeError for a name that is none of `known`. */
export function readOptions(given: readonly string[], known: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...given],
    allowPositionals: true,
    options: { quick: { type: 'boolean' }, rows: { type: 'string' } },
  });
  const rows = Number(values.rows ?? (values.quick ? 4 : 6));
  const isKnown = positionals.every((name) => known.includes(name));
  if (!isKnown || !Number.isInteger(rows) || rows < 4 || rows > 7) throw new RangeError(`${usage}${known.join(', ')}`);
  return {
    names: positionals,
    effort: (values.quick ? quickEffort : fullEffort)(rows),
    isWhole: positionals.length === 0 && !values.quick,
  };
}
