import type { ErrorCode } from '../../schema/error-codes.ts';
import type { Operation } from './operation.ts';

/** A request under way: what becomes known of it, for its line in the log, its measures and its span. */
export interface Exchange {
  readonly requestId: string;
  /** Whoever asked was told that it took too long. */
  isOver?: true;
  /** Once GraphQL has read it, and it is valid. */
  operation?: Operation;
  /** Of the first error of the answer. */
  code?: ErrorCode;
}
