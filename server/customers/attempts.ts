import { and, desc, eq, or, type SQL, sql } from 'drizzle-orm';
import type { BindAttempt, BindAttemptOutcome, CustomerRecord, ExternalIdentity, Owner } from '../../schema/context.ts';
import type { CustomerId, KeyId } from '../../schema/id.ts';
import type { Database, Transaction } from '../database/database.ts';
import { bindAttempts } from '../database/tables.ts';
import { newId } from '../id.ts';

/** What was tried, with what was known then. */
export interface NewAttempt {
  readonly customerId: CustomerId;
  readonly outcome: BindAttemptOutcome;
  readonly identity: ExternalIdentity | undefined;
  readonly email?: string | null | undefined;
  readonly emailVerified?: boolean | null | undefined;
  readonly candidates?: number;
  readonly otherCustomerId?: CustomerId;
  readonly keyId: KeyId | undefined;
  readonly reason?: string;
}

const mostShown = 100;

/** Writes into the ledger, in the transaction of what it tells of. */
export async function recordAttempt(
  transaction: Transaction | Database['db'],
  { merchantId, environment }: Owner,
  attempt: NewAttempt,
  nowMs: number,
): Promise<void> {
  const { identity, keyId, ...noted } = attempt;
  await transaction.insert(bindAttempts).values({
    merchantId,
    environment,
    id: newId('bnd', nowMs),
    ...noted,
    ...(identity?.kind === 'user' && { externalUserId: identity.externalUserId }),
    ...(identity?.kind === 'organization' && { externalOrganizationId: identity.externalOrganizationId }),
    keyId: keyId ?? null,
    createdAt: new Date(nowMs),
  });
}

/** What concerns a customer, newest first: what came to it, and what its address was presented for. */
export const attemptsAbout = (
  db: Database['db'],
  owner: Owner,
  { id, email }: Pick<CustomerRecord, 'id' | 'email'>,
): Promise<BindAttempt[]> =>
  select(
    db,
    owner,
    or(
      eq(bindAttempts.customerId, id),
      eq(bindAttempts.otherCustomerId, id),
      email === null ? undefined : eq(bindAttempts.emailKey, sql`email_key(${email})`),
    ),
  )
    .orderBy(desc(bindAttempts.id))
    .limit(mostShown);

/** Whether this has been written already. */
export async function wasRecorded(
  db: Transaction | Database['db'],
  owner: Owner,
  { customerId, outcome, otherCustomerId }: Required<Pick<NewAttempt, 'customerId' | 'outcome' | 'otherCustomerId'>>,
): Promise<boolean> {
  const condition = and(
    eq(bindAttempts.customerId, customerId),
    eq(bindAttempts.outcome, outcome),
    eq(bindAttempts.otherCustomerId, otherCustomerId),
  );
  return (await select(db, owner, condition).limit(1)).length > 0;
}

const columns = {
  id: bindAttempts.id,
  outcome: bindAttempts.outcome,
  externalUserId: bindAttempts.externalUserId,
  externalOrganizationId: bindAttempts.externalOrganizationId,
  email: bindAttempts.email,
  emailVerified: bindAttempts.emailVerified,
  candidates: bindAttempts.candidates,
  otherCustomerId: bindAttempts.otherCustomerId,
  keyId: bindAttempts.keyId,
  reason: bindAttempts.reason,
  createdAt: bindAttempts.createdAt,
};

function select(db: Transaction | Database['db'], { merchantId, environment }: Owner, condition: SQL | undefined) {
  return db
    .select(columns)
    .from(bindAttempts)
    .where(and(eq(bindAttempts.merchantId, merchantId), eq(bindAttempts.environment, environment), condition));
}
