import { type SQL, sql } from 'drizzle-orm';
import type { Owner } from '../../schema/context.ts';
import { json } from './json.ts';
import type { SourceRecord } from './record.ts';

/** Whether the customer with this id at Stripe was deleted, here or there. */
export const isDeleted = ({ merchantId, environment }: Owner, id: SQL) =>
  sql`exists (select from deleted_customers gone where gone.merchant_id = ${merchantId}
    and gone.environment = ${environment} and gone.stripe_customer_id = ${id})`;

/** One that was deleted while the statement waited for it, and that the statement made anew. */
export const removeDeleted = ({ merchantId, environment }: Owner, records: readonly SourceRecord[]) => sql`
  delete from customers known using deleted_customers gone
  where known.merchant_id = ${merchantId} and known.environment = ${environment}
    and gone.merchant_id = known.merchant_id and gone.environment = known.environment
    and gone.stripe_customer_id = known.stripe_customer_id
    and known.stripe_customer_id in (
      select stripe_id from json_to_recordset(${json(
        records.map(({ stripeId }) => ({ stripe_id: stripeId })),
      )}) as given(stripe_id text))`;
