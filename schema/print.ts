import { writeFileSync } from 'node:fs';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { schema } from './index.ts';

/** The contract as text; `schema/schema.graphql` holds it, and a test that they are equal. */
export const printedSchema = (): string => `${printSchema(lexicographicSortSchema(schema))}\n`;

if (process.argv[1] === import.meta.filename) {
  writeFileSync(new URL('schema.graphql', import.meta.url), printedSchema());
}
