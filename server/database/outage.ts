import { DrizzleQueryError } from 'drizzle-orm';
import { DatabaseError } from 'pg';

/** No connection to begin a transaction on. */
export class DatabaseUnavailable extends Error {
  override readonly name = 'DatabaseUnavailable';
}

/**
 * Classes of SQLSTATE that say nothing about the statement: connection lost (08), transaction rolled back for others (40),
 * too few resources (53), stopped or cancelled by an operator or a timeout (57), the system below (58).
 */
const classesOfOutage = ['08', '40', '53', '57', '58'];

/** Whether the database could not answer, rather than refuse: the same request may succeed later. */
export function isOutage(error: unknown): boolean {
  if (error instanceof DatabaseUnavailable) return true;
  if (error instanceof DrizzleQueryError) return isOutageOfDriver(error.cause);
  return error instanceof DatabaseError && isOutageOfDriver(error);
}

/** The same of what the driver itself throws. What it says of a connection is no DatabaseError: nothing was answered. */
export const isOutageOfDriver = (error: unknown): boolean =>
  !(error instanceof DatabaseError) || classesOfOutage.includes((error.code ?? '').slice(0, 2));
