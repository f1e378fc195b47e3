import { and, isNull, not, sql } from 'drizzle-orm';
import type { Owner } from '../../../schema/context.ts';
import { notFound } from '../../../schema/errors.ts';
import type { CustomerId } from '../../../schema/id.ts';
import { isCustomer, readCustomer } from '../../customers/customer-rows.ts';
import type { Database } from '../../database/database.ts';
import { customers } from '../../database/tables.ts';
import { ownCustomerField } from '../../import/adoption.ts';
import { isDeleted } from '../../import/deleted-customers.ts';
import type { PayingCustomer } from '../payments.ts';
import type { Ask } from './ask.ts';

/** The customer's id at Stripe. One who has none is made there first, once. */
export type IdAtStripe = (owner: Owner, customer: PayingCustomer) => Promise<string>;

interface CustomersAtStripeOptions {
  readonly database: Pick<Database, 'db'>;
  readonly ask: Ask;
}

export function createIdAtStripe({ database: { db }, ask }: CustomersAtStripeOptions): IdAtStripe {
  const create = async (owner: Owner, { id, email, name }: PayingCustomer, idempotencyKey: string) => {
    const details = { ...(email !== null && { email }), ...(name !== null && { name }) };
    const params = { ...details, metadata: { [ownCustomerField]: id } };
    return (await ask(owner, 'Customers: write', (stripe) => stripe.customers.create(params, { idempotencyKey }))).id;
  };

  /** What is stored from here on: this id, or the one of who was quicker. `null`: it was deleted at Stripe. */
  async function keep(owner: Owner, id: CustomerId, stripeCustomerId: string): Promise<string | null> {
    await db
      .update(customers)
      .set({ stripeCustomerId })
      .where(
        and(isCustomer(owner, id), isNull(customers.stripeCustomerId), not(isDeleted(owner, sql`${stripeCustomerId}`))),
      );
    const known = await readCustomer(db, owner, id);
    if (!known) throw notFound('Customer');
    return known.stripeCustomerId;
  }

  /** For a day Stripe answers the same, though it was deleted since: then one more, under the name of the one before. */
  async function make(owner: Owner, customer: PayingCustomer, idempotencyKey: string): Promise<string> {
    const made = await create(owner, customer, idempotencyKey);
    return (await keep(owner, customer.id, made)) ?? make(owner, customer, `customer:${customer.id}:${made}`);
  }

  return async (owner, customer) => customer.stripeCustomerId ?? make(owner, customer, `customer:${customer.id}`);
}
