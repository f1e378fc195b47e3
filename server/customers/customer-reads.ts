import { and, eq, sql } from 'drizzle-orm';
import type { CustomerRecord, Owner } from '../../schema/context.ts';
import type { CustomerId } from '../../schema/id.ts';
import { createBatch } from '../database/batch.ts';
import type { Database } from '../database/database.ts';
import { customers } from '../database/tables.ts';
import { columns } from './customer-rows.ts';

interface Wanted extends Owner {
  readonly id: CustomerId;
}

const maxRowsAtOnce = 500;

/**
 * Reads customers by their ids. Requests that arrive together share one statement: it names the owner of every customer
 * that it looks for, and nobody gets a row of another's. Nothing is remembered.
 */
export function createCustomerReads({ db }: Pick<Database, 'db'>) {
  const wanted = sql`unnest(${array('merchantIds')}, ${array('environments')}, ${array('ids')})
    as wanted (merchant_id, environment, id)`;
  const statement = db
    .select({ merchantId: customers.merchantId, environment: customers.environment, ...columns })
    .from(customers)
    .innerJoin(
      wanted,
      and(
        eq(customers.merchantId, sql`wanted.merchant_id collate "C"`),
        eq(customers.environment, sql`wanted.environment`),
        eq(customers.id, sql`wanted.id collate "C"`),
      ),
    )
    .prepare('customers_by_ids');

  async function run(keys: readonly Wanted[]): Promise<(CustomerRecord | undefined)[]> {
    const rows = await statement.execute({
      merchantIds: keys.map(({ merchantId }) => merchantId),
      environments: keys.map(({ environment }) => environment),
      ids: keys.map(({ id }) => id),
    });
    const found = new Map(rows.map((row) => [keyOf(row), row]));
    return keys.map((key) => found.get(keyOf(key)));
  }

  const batch = createBatch<Wanted, CustomerRecord | undefined>({ run, maxItems: maxRowsAtOnce });

  return {
    byId: ({ merchantId, environment }: Owner, id: CustomerId): Promise<CustomerRecord | undefined> =>
      batch.add({ merchantId, environment, id }),
  };
}

const array = (name: string) => sql`${sql.placeholder(name)}::text[]`;

const keyOf = ({ merchantId, environment, id }: Wanted) => `${merchantId} ${environment} ${id}`;
