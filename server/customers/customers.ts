import { isDeepStrictEqual } from 'node:util';
import type { CustomerDetails, CustomerRecord, Customers, ExternalIdentity, Merchant } from '../../schema/context.ts';
import { ApiError, notFound } from '../../schema/errors.ts';
import { isCustomerId } from '../../schema/id.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import { customers, deletedCustomers } from '../database/tables.ts';
import { newId } from '../id.ts';
import type { Revocations } from '../token/revocations.ts';
import { columns, identityColumns, isCustomer, matches, readByIds, readPage, readSelected } from './customer-rows.ts';
import { createCustomerReads } from './customer-reads.ts';
import type { Unresolved } from './unresolved.ts';

interface CustomersOptions {
  readonly database: Pick<Database, 'db'>;
  readonly revocations: Pick<Revocations, 'within'>;
  readonly unresolved: Pick<Unresolved, 'recount'>;
  readonly clock: Pick<Clock, 'now'>;
}

export function createCustomers({ database: { db }, revocations, unresolved, clock }: CustomersOptions): Customers {
  const reads = createCustomerReads({ db });
  const insert = (merchant: Merchant, identity: ExternalIdentity, details: CustomerDetails) =>
    db
      .insert(customers)
      .values({
        merchantId: merchant.merchantId,
        environment: merchant.environment,
        id: newId('cus', clock.now()),
        ...identityColumns(identity),
        ...withoutGaps(details),
        source: 'api',
        createdAt: new Date(clock.now()),
      })
      .onConflictDoNothing()
      .returning(columns);

  return {
    async find(caller, wanted) {
      const own = wanted.filter(isCustomerId).filter((id) => caller.kind === 'merchant' || id === caller.customerId);
      const rows = await Promise.all(own.map((id) => reads.byId(caller, id)));
      const byId = new Map<string, CustomerRecord>(rows.flatMap((row) => (row ? [[row.id, row]] : [])));
      return wanted.map((id) => byId.get(id) ?? null);
    },

    findBy: async (merchant, selection) => (await readSelected(db, merchant, selection)) ?? null,
    list: (merchant, page, filter) => readPage(db, merchant, page, matches(filter)),

    async create(merchant, identity, details) {
      const [created] = await insert(merchant, identity, details);
      if (created) return created;
      const existing = await readSelected(db, merchant, identity);
      // The same call again, perhaps because its answer was lost.
      if (existing && isAsGiven(existing, details)) return existing;
      throw new ApiError('CONFLICT', 'This user or organization has a customer already.');
    },

    async update(merchant, id, details) {
      if (!isCustomerId(id)) throw notFound('Customer');
      const change = changeOf(details);
      const [updated] =
        Object.keys(change).length === 0
          ? await readByIds(db, merchant, [id])
          : await db.update(customers).set(change).where(isCustomer(merchant, id)).returning(columns);
      if (!updated) throw notFound('Customer');
      return updated;
    },

    async remove(merchant, id) {
      if (!isCustomerId(id)) return null;
      const removed = await revocations.within(merchant, async (transaction, revoke) => {
        const [row] = await transaction.delete(customers).where(isCustomer(merchant, id)).returning(columns);
        if (!row) return null;
        if (row.stripeCustomerId !== null) {
          const { merchantId, environment } = merchant;
          const { stripeCustomerId } = row;
          const deletedAt = new Date(clock.now());
          await transaction
            .insert(deletedCustomers)
            .values({ merchantId, environment, stripeCustomerId, deletedAt })
            .onConflictDoNothing();
        }
        await revoke({ kind: 'ended_customer', subject: id, revokedAtMs: clock.now() });
        return id;
      });
      unresolved.recount(merchant);
      return removed;
    },
  };
}

const withoutGaps = ({ email, name, metadata }: CustomerDetails) => ({
  email: email ?? null,
  name: name ?? null,
  metadata: { ...metadata },
});

const isAsGiven = ({ email, name, metadata }: CustomerRecord, details: CustomerDetails) =>
  isDeepStrictEqual({ email, name, metadata }, withoutGaps(details));

const changeOf = ({ email, name, metadata }: CustomerDetails) => ({
  ...(email !== undefined && { email }),
  ...(name !== undefined && { name }),
  ...(metadata !== undefined && { metadata: { ...metadata } }),
});
