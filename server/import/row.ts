import type { RowProblem } from './record.ts';

/** One row of a file: what it holds, shaped like an object of Stripe's if all is well, or why it cannot be read. */
export type Row = { readonly where: string; readonly value: unknown } | RowProblem;
