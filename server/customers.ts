import { and, eq, inArray, type SQL } from 'drizzle-orm';
import { LRUCache } from 'lru-cache';
import type { CustomerRecord, Customers, NewSession, Owner } from '../schema/context.ts';
import { type CustomerId, isCustomerId } from '../schema/id.ts';
import type { Clock } from './clock.ts';
import type { Database, Transaction } from './database/database.ts';
import { customers } from './database/tables.ts';
import { newId } from './id.ts';

/** Which customer a session is for, in the merchant's own words. */
export type CustomerIdentity = Pick<NewSession, 'externalUserId' | 'externalOrganizationId' | 'email'>;

export interface CustomerDirectory extends Customers {
  /** The id of a customer that is there already, from memory alone; `undefined` when the database must be asked. */
  remembered(owner: Owner, identity: CustomerIdentity): CustomerId | undefined;
  /** Finds or creates inside a transaction. Of concurrent first calls one creates, and all get the same id. */
  ensure(transaction: Transaction, owner: Owner, identity: CustomerIdentity): Promise<CustomerId>;
  /** To be called once the transaction of `ensure` has committed. */
  remember(owner: Owner, identity: CustomerIdentity, id: CustomerId): void;
  forget(owner: Owner, identity: CustomerIdentity): void;
  findOrganization(owner: Owner, externalOrganizationId: string): Promise<CustomerRecord | undefined>;
}

interface CustomersOptions {
  readonly database: Pick<Database, 'db'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** About 200 bytes each. */
const maxRemembered = 50_000;

export function createCustomers({ database, clock }: CustomersOptions): CustomerDirectory {
  const ids = new LRUCache<string, CustomerId>({ max: maxRemembered });

  async function create(owner: Owner, identity: CustomerIdentity, transaction: Transaction) {
    const [row] = await transaction
      .insert(customers)
      .values({
        merchantId: owner.merchantId,
        environment: owner.environment,
        id: newId('cus', clock.now()),
        createdAt: new Date(clock.now()),
        ...rowOf(identity),
      })
      .onConflictDoNothing()
      .returning({ id: customers.id });
    return row?.id;
  }

  const select = (owner: Owner, condition: SQL | undefined) =>
    database.db
      .select(columns)
      .from(customers)
      .where(and(isOwned(owner), condition));

  return {
    remembered: (owner, identity) => ids.get(memoryKey(owner, identity)),
    remember: (owner, identity, id) => void ids.set(memoryKey(owner, identity), id),
    forget: (owner, identity) => void ids.delete(memoryKey(owner, identity)),

    async ensure(transaction, owner, identity) {
      const id =
        (await findId(owner, identity, transaction)) ??
        (await create(owner, identity, transaction)) ??
        // Somebody else created it in between; the insert waited for that to commit.
        (await findId(owner, identity, transaction));
      if (!id) throw new Error('a customer is neither there nor could it be created');
      return id;
    },

    async findOrganization(owner, externalOrganizationId) {
      const [found] = await select(owner, eq(customers.externalOrganizationId, externalOrganizationId));
      return found;
    },

    async find(caller, wanted) {
      const own = wanted.filter(isCustomerId).filter((id) => caller.kind === 'merchant' || id === caller.customerId);
      const rows = own.length === 0 ? [] : await select(caller, inArray(customers.id, own));
      const byId = new Map<string, CustomerRecord>(rows.map((row) => [row.id, row]));
      return wanted.map((id) => byId.get(id) ?? null);
    },
  };
}

const columns = {
  id: customers.id,
  externalUserId: customers.externalUserId,
  externalOrganizationId: customers.externalOrganizationId,
  email: customers.email,
  createdAt: customers.createdAt,
};

/** With an organization the customer is the organization, and the user is who acts; the address is the user's then. */
const rowOf = ({ externalUserId, externalOrganizationId, email }: CustomerIdentity) =>
  externalOrganizationId == null ? { externalUserId, email: email ?? null } : { externalOrganizationId };

const isIdentity = ({ externalUserId, externalOrganizationId }: CustomerIdentity) =>
  externalOrganizationId == null
    ? eq(customers.externalUserId, externalUserId)
    : eq(customers.externalOrganizationId, externalOrganizationId);

const isOwned = ({ merchantId, environment }: Owner) =>
  and(eq(customers.merchantId, merchantId), eq(customers.environment, environment));

const memoryKey = ({ merchantId, environment }: Owner, { externalUserId, externalOrganizationId }: CustomerIdentity) =>
  JSON.stringify([
    merchantId,
    environment,
    ...(externalOrganizationId == null ? ['user', externalUserId] : ['organization', externalOrganizationId]),
  ]);

async function findId(owner: Owner, identity: CustomerIdentity, transaction: Transaction) {
  const [row] = await transaction
    .select({ id: customers.id })
    .from(customers)
    .where(and(isOwned(owner), isIdentity(identity)))
    .limit(1);
  return row?.id;
}
