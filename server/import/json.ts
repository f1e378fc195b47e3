import { sql } from 'drizzle-orm';

/** Rows as one parameter, for `json_to_recordset`. */
export const json = (rows: readonly object[]) => sql`${JSON.stringify(rows)}::json`;
