import { sql } from 'drizzle-orm';
import type { Owner } from '../../schema/context.ts';
import type { Transaction } from '../database/database.ts';
import { type MirroredEvent, stages } from './event.ts';

/**
 * Whether nothing newer was taken for the object, nor this very event; it is the newest from here on. Others for the
 * object wait until the transaction ends, and if it fails nothing was taken.
 *
 * Stripe sends events twice, side by side and in any order, and dates them by the second. Within a second `created` comes
 * first and `deleted` last; two changes of one second are taken as they arrive, because nothing tells which was later.
 */
export async function isNewest(
  transaction: Transaction,
  { merchantId, environment }: Owner,
  { id, objectId, createdSeconds, stage }: MirroredEvent,
): Promise<boolean> {
  const { rows } = await transaction.execute(sql`
    insert into stripe_events as known (merchant_id, environment, object_id, newest_at_seconds, newest_stage, event_ids)
    values (${merchantId}, ${environment}, ${objectId}, ${createdSeconds}, ${stages.indexOf(stage)}, array[${id}])
    on conflict (merchant_id, environment, object_id) do update set
      newest_at_seconds = excluded.newest_at_seconds,
      newest_stage = excluded.newest_stage,
      event_ids = case when known.newest_at_seconds = excluded.newest_at_seconds then known.event_ids || excluded.event_ids
        else excluded.event_ids end
      where (excluded.newest_at_seconds, excluded.newest_stage) >= (known.newest_at_seconds, known.newest_stage)
        and not known.event_ids @> excluded.event_ids
    returning object_id`);
  return rows.length > 0;
}
