import { and } from 'drizzle-orm';
import type { Binding, CustomerRecord, ExternalIdentity, Merchant } from '../../schema/context.ts';
import { ApiError, notFound } from '../../schema/errors.ts';
import type { CustomerId } from '../../schema/id.ts';
import { isUniqueViolation } from '../database/database.ts';
import { customers } from '../database/tables.ts';
import { attemptsAbout, recordAttempt } from './attempts.ts';
import {
  columns,
  identityColumns,
  isBoundCustomer,
  isCustomer,
  isIdentityOf,
  isUnbound,
  lockCustomer,
  readCustomer,
} from './customer-rows.ts';
import { createMerge, type MergeOptions } from './merge.ts';

/** Whose a customer is: what sessions could not find out by themselves, and what has to be put right. */
export function createBinding(options: MergeOptions): Binding {
  const { database, revocations, unresolved, clock } = options;

  async function require(merchant: Merchant, id: string): Promise<CustomerRecord> {
    const customer = await readCustomer(database.db, merchant, id);
    if (!customer) throw notFound('Customer');
    return customer;
  }

  const bindUnbound = (merchant: Merchant, id: CustomerId, identity: ExternalIdentity) =>
    database.transaction(async (transaction) => {
      const [bound] = await transaction
        .update(customers)
        .set(identityColumns(identity))
        .where(and(isCustomer(merchant, id), isUnbound))
        .returning(columns);
      if (!bound) return undefined;
      const attempt = { customerId: id, outcome: 'BOUND_BY_HAND', identity, keyId: merchant.keyId } as const;
      await recordAttempt(transaction, merchant, attempt, clock.now());
      return bound;
    });

  return {
    unresolvedCount: unresolved.count,
    listUnresolved: unresolved.list,
    merge: createMerge(options),

    async bind(merchant, id, identity) {
      const customer = await require(merchant, id);
      const bound = await bindUnbound(merchant, customer.id, identity).catch(conflictOfIdentity);
      unresolved.recount(merchant);
      if (bound) return bound;
      const other = await require(merchant, id);
      // The same call again.
      if (isIdentityOf(identity, other)) return other;
      throw new ApiError('CONFLICT', 'This customer is bound already. relinkCustomer gives it to somebody else.');
    },

    async relink(merchant, id, identity, reason) {
      const { id: customerId } = await require(merchant, id);
      return revocations
        .within(merchant, async (transaction, revoke) => {
          const customer = await lockCustomer(transaction, merchant, customerId);
          if (isIdentityOf(identity, customer)) return customer;
          if (!isBoundCustomer(customer))
            throw new ApiError('CONFLICT', 'This customer is not bound yet: use bindCustomer.');
          const [relinked] = await transaction
            .update(customers)
            .set(identityColumns(identity))
            .where(isCustomer(merchant, customerId))
            .returning(columns);
          if (!relinked) throw notFound('Customer');
          const attempt = { customerId, outcome: 'RELINKED', identity, keyId: merchant.keyId, reason } as const;
          await recordAttempt(transaction, merchant, attempt, clock.now());
          await revoke({ kind: 'customer', subject: customerId, revokedAtMs: clock.now() });
          return relinked;
        })
        .catch(conflictOfIdentity);
    },

    async explain(merchant, id) {
      const customer = await require(merchant, id);
      return {
        customer,
        unresolved: await unresolved.find(merchant, customer.id),
        attempts: await attemptsAbout(database.db, merchant, customer),
      };
    },
  };
}

function conflictOfIdentity(error: unknown): never {
  if (!isUniqueViolation(error)) throw error;
  throw new ApiError('CONFLICT', 'This user or organization has a customer already: mergeCustomers makes one of two.');
}
