import { and, desc, eq, inArray, isNull, lt, or, type SQL, sql } from 'drizzle-orm';
import type {
  CustomerFilter,
  CustomerRecord,
  CustomerSelection,
  ExternalIdentity,
  Owner,
  Page,
  PageRequest,
} from '../../schema/context.ts';
import { notFound, unknownCursor } from '../../schema/errors.ts';
import { type CustomerId, isCustomerId } from '../../schema/id.ts';
import type { Database, Transaction } from '../database/database.ts';
import { customers } from '../database/tables.ts';

type Queryable = Database['db'] | Transaction;

export const columns = {
  id: customers.id,
  externalUserId: customers.externalUserId,
  externalOrganizationId: customers.externalOrganizationId,
  email: customers.email,
  name: customers.name,
  stripeCustomerId: customers.stripeCustomerId,
  metadata: customers.metadata,
  source: customers.source,
  createdAt: customers.createdAt,
};

export const isOwned = ({ merchantId, environment }: Owner) =>
  and(eq(customers.merchantId, merchantId), eq(customers.environment, environment));

export const isCustomer = (owner: Owner, id: CustomerId) => and(isOwned(owner), eq(customers.id, id));

/** Nobody's yet: imported, and waiting for its user. */
export const isUnbound = and(isNull(customers.externalUserId), isNull(customers.externalOrganizationId));

export const hasEmail = (email: string) => eq(customers.emailKey, sql`email_key(${email})`);

export const hasIdentity = (identity: ExternalIdentity) =>
  identity.kind === 'user'
    ? eq(customers.externalUserId, identity.externalUserId)
    : eq(customers.externalOrganizationId, identity.externalOrganizationId);

/** The columns that an identity fills. */
export const identityColumns = (identity: ExternalIdentity) =>
  identity.kind === 'user'
    ? { externalUserId: identity.externalUserId, externalOrganizationId: null }
    : { externalUserId: null, externalOrganizationId: identity.externalOrganizationId };

export const isIdentityOf = (identity: ExternalIdentity, customer: CustomerRecord) =>
  identity.kind === 'user'
    ? customer.externalUserId === identity.externalUserId
    : customer.externalOrganizationId === identity.externalOrganizationId;

export function selectCustomers(db: Queryable, owner: Owner, condition: SQL | undefined) {
  return db
    .select(columns)
    .from(customers)
    .where(and(isOwned(owner), condition));
}

/** Throws nothing: what is not there, or not this owner's, is `undefined`. */
export async function readCustomer(db: Queryable, owner: Owner, id: string): Promise<CustomerRecord | undefined> {
  return isCustomerId(id) ? (await selectCustomers(db, owner, eq(customers.id, id)))[0] : undefined;
}

/** Nobody changes it, and no session is issued for it, until the transaction ends. */
export async function lockCustomer(transaction: Transaction, owner: Owner, id: CustomerId): Promise<CustomerRecord> {
  const [customer] = await transaction.select(columns).from(customers).where(isCustomer(owner, id)).for('update');
  if (!customer) throw notFound('Customer');
  return customer;
}

/** Whether it is somebody's. */
export const isBoundCustomer = ({ externalUserId, externalOrganizationId }: CustomerRecord) =>
  externalUserId !== null || externalOrganizationId !== null;

export async function readByIds(db: Queryable, owner: Owner, ids: readonly CustomerId[]): Promise<CustomerRecord[]> {
  return ids.length === 0 ? [] : selectCustomers(db, owner, inArray(customers.id, [...ids]));
}

export async function readSelected(db: Queryable, owner: Owner, selection: CustomerSelection) {
  if (selection.kind === 'id') return readCustomer(db, owner, selection.id);
  const condition =
    selection.kind === 'stripe' ? eq(customers.stripeCustomerId, selection.stripeCustomerId) : hasIdentity(selection);
  return (await selectCustomers(db, owner, condition))[0];
}

/** A page, newest first; the cursor of a customer is its id. */
export async function readPage(
  db: Queryable,
  owner: Owner,
  request: PageRequest,
  condition: SQL | undefined,
): Promise<Page<CustomerRecord>> {
  const rows = await selectCustomers(db, owner, and(isAfter(request), condition))
    .orderBy(desc(customers.id))
    .limit(request.first + 1);
  return { items: rows.slice(0, request.first), hasNextPage: rows.length > request.first };
}

export function isAfter({ after }: PageRequest): SQL | undefined {
  if (after === undefined) return undefined;
  if (!isCustomerId(after)) throw unknownCursor();
  return lt(customers.id, after);
}

export function matches({ email, bound, source }: CustomerFilter): SQL | undefined {
  return and(
    email == null ? undefined : hasEmail(email),
    bound == null ? undefined : bound ? isBound : isUnbound,
    source == null ? undefined : eq(customers.source, source),
  );
}

const isBound = or(sql`${customers.externalUserId} is not null`, sql`${customers.externalOrganizationId} is not null`);
