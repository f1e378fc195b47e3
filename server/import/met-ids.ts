import { sql } from 'drizzle-orm';
import type { Owner } from '../../schema/context.ts';
import type { ImportId } from '../../schema/id.ts';
import type { Database, Transaction } from '../database/database.ts';
import { importedIds } from '../database/tables.ts';
import type { SourceRecord } from './record.ts';

const idsAtOnce = 10_000;

/** Which of these the run meets for the first time; the first of several with one id counts. */
export async function tellApart(
  transaction: Transaction,
  { merchantId, environment }: Owner,
  importId: ImportId,
  records: readonly SourceRecord[],
) {
  if (records.length === 0) return { fresh: [], repeated: [] };
  const ids = [...new Set(records.map(({ stripeId }) => stripeId))];
  const inserted = await transaction
    .insert(importedIds)
    .values(ids.map((stripeId) => ({ merchantId, environment, importId, stripeId })))
    .onConflictDoNothing()
    .returning({ stripeId: importedIds.stripeId });
  const left = new Set(inserted.map(({ stripeId }) => stripeId));
  const fresh = records.filter(({ stripeId }) => left.delete(stripeId));
  const taken = new Set<SourceRecord>(fresh);
  return { fresh, repeated: records.filter((record) => !taken.has(record)) };
}

/** A few at a time: there may be as many as the source has rows. */
export async function forgetIds(
  db: Database['db'],
  { merchantId, environment }: Owner,
  importId: ImportId,
): Promise<void> {
  for (;;) {
    const { rowCount } = await db.execute(sql`
      delete from imported_ids where ctid = any(array(
        select ctid from imported_ids
        where merchant_id = ${merchantId} and environment = ${environment} and import_id = ${importId} limit ${idsAtOnce}))`);
    if ((rowCount ?? 0) < idsAtOnce) return;
  }
}
