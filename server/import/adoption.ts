import { sql } from 'drizzle-orm';
import type { Owner } from '../../schema/context.ts';
import type { Transaction } from '../database/database.ts';
import { isDeleted } from './deleted-customers.ts';
import { json } from './json.ts';
import type { SourceCustomer } from './record.ts';

/** Where a customer of Stripe's that we had made there says in its metadata which of ours it is. */
export const ownCustomerField = 'billingos_customer';

/** What we had made at Stripe for a customer of ours is that one, though nobody has written it down yet. */
export async function adoptOwn(
  transaction: Transaction,
  owner: Owner,
  records: readonly SourceCustomer[],
): Promise<void> {
  const made = records.flatMap(({ stripeId, metadata }) =>
    metadata[ownCustomerField] === undefined ? [] : [{ stripe_id: stripeId, id: metadata[ownCustomerField] }],
  );
  if (made.length === 0) return;
  await transaction.execute(sql`
    update customers own set stripe_customer_id = given.stripe_id
    from (select distinct on (id) * from json_to_recordset(${json(made)}) as made(id text, stripe_id text)) given
    where own.merchant_id = ${owner.merchantId} and own.environment = ${owner.environment} and own.id = given.id
      and own.stripe_customer_id is null and not ${isDeleted(owner, sql`given.stripe_id`)}
      and not exists (select from customers other where other.merchant_id = own.merchant_id
        and other.environment = own.environment and other.stripe_customer_id = given.stripe_id)`);
}
