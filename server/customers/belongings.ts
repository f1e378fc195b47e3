import { and, eq, sql } from 'drizzle-orm';
import type { Owner } from '../../schema/context.ts';
import type { CustomerId } from '../../schema/id.ts';
import type { Transaction } from '../database/database.ts';
import {
  bindAttempts,
  checkouts,
  purchases,
  simulatedInvoices,
  simulatedPortals,
  subscriptions,
} from '../database/tables.ts';

/** What belongs to a customer, and is not somebody else's as soon as the customer is. */
const owned = [subscriptions, purchases, checkouts, simulatedInvoices, simulatedPortals, bindAttempts] as const;

/** Gives all that one customer has to another one. What both have is added up. */
export async function moveBelongings(
  transaction: Transaction,
  owner: Owner,
  from: CustomerId,
  into: CustomerId,
): Promise<void> {
  const { merchantId, environment } = owner;
  for (const table of owned) {
    await transaction
      .update(table)
      .set({ customerId: into })
      .where(and(eq(table.merchantId, merchantId), eq(table.environment, environment), eq(table.customerId, from)));
  }
  const isFrom = sql`merchant_id = ${merchantId} and environment = ${environment} and customer_id = ${from}`;
  await transaction.execute(sql`
    insert into usage_totals as known (merchant_id, environment, customer_id, feature_key, period_start, used)
    select merchant_id, environment, ${into}, feature_key, period_start, used from usage_totals where ${isFrom}
    on conflict (merchant_id, environment, customer_id, feature_key, period_start) do update
      set used = known.used + excluded.used`);
  // A use that both have counted under one key stays counted twice: whose it was, nobody can say.
  await transaction.execute(sql`
    insert into usage_events (merchant_id, environment, customer_id, idempotency_key, feature_key, amount, created_at)
    select merchant_id, environment, ${into}, idempotency_key, feature_key, amount, created_at
    from usage_events where ${isFrom} on conflict do nothing`);
  await transaction.execute(sql`
    insert into simulated_accounts as known (merchant_id, environment, customer_id, card_last_four, credit)
    select merchant_id, environment, ${into}, card_last_four, credit from simulated_accounts where ${isFrom}
    on conflict (merchant_id, environment, customer_id) do update
      set card_last_four = coalesce(known.card_last_four, excluded.card_last_four),
        credit = (select coalesce(jsonb_object_agg(currency, amount), '{}') from (
          select currency, sum(part::numeric) as amount
          from (select * from jsonb_each_text(known.credit) union all select * from jsonb_each_text(excluded.credit))
            as credits(currency, part)
          group by currency) as summed)`);
}
