import { and, eq, sql } from 'drizzle-orm';
import type { BindOutcome, ExternalIdentity, MerchantCaller, NewSession, Owner } from '../../schema/context.ts';
import type { Clock } from '../clock.ts';
import type { Database, Transaction } from '../database/database.ts';
import { customers, merchants } from '../database/tables.ts';
import { newId } from '../id.ts';
import type { Logger } from '../log.ts';
import { recordAttempt, wasRecorded } from './attempts.ts';
import { hasEmail, hasIdentity, identityColumns, isOwned, isUnbound } from './customer-rows.ts';
import type { KnownCustomer } from './memory.ts';
import type { Unresolved } from './unresolved.ts';

/** Which customer a session is for, in the merchant's own words. */
export type SessionIdentity = Pick<NewSession, 'externalUserId' | 'externalOrganizationId' | 'email' | 'emailVerified'>;

export interface SettledCustomer {
  readonly customer: KnownCustomer;
  /** `undefined`: it was there before. */
  readonly bindOutcome: BindOutcome | undefined;
}

export interface FirstSession {
  /**
   * Finds, binds or creates the customer, inside a transaction. Of concurrent first sessions one binds or creates, and all
   * get the same customer. Never fails because of binding.
   */
  settle(transaction: Transaction, caller: MerchantCaller, session: SessionIdentity): Promise<SettledCustomer>;
  /** What there is to say about binding at a session of a customer that was there before. */
  outcomeFor(caller: MerchantCaller, known: KnownCustomer, session: SessionIdentity): Promise<BindOutcome>;
}

interface FirstSessionOptions {
  readonly database: Pick<Database, 'db'>;
  readonly unresolved: Pick<Unresolved, 'count' | 'noteBound'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
}

/** What came of looking for an imported customer. */
interface Match {
  readonly outcome: BindOutcome;
  readonly customer?: KnownCustomer;
  readonly candidates?: number;
}

export function createFirstSession({ database, unresolved, clock, logger }: FirstSessionOptions): FirstSession {
  async function create(transaction: Transaction, owner: Owner, identity: ExternalIdentity, email: string | null) {
    const [row] = await transaction
      .insert(customers)
      .values({
        merchantId: owner.merchantId,
        environment: owner.environment,
        id: newId('cus', clock.now()),
        ...identityColumns(identity),
        email,
        source: 'session',
        createdAt: new Date(clock.now()),
      })
      .onConflictDoNothing()
      .returning(knownColumns);
    return row && toKnown(row);
  }

  /** What fails is undone alone, and the transaction goes on. */
  async function attempt<Result>(
    transaction: Transaction,
    fallback: Result,
    work: (savepoint: Transaction) => Promise<Result>,
  ): Promise<Result> {
    try {
      return await transaction.transaction(work);
    } catch (error) {
      logger.warn({ err: error }, 'binding a customer failed; its session is issued all the same');
      return fallback;
    }
  }

  async function record(
    transaction: Transaction,
    caller: MerchantCaller,
    session: SessionIdentity,
    customer: KnownCustomer,
    { outcome, candidates = 0 }: Match,
  ) {
    await attempt(transaction, undefined, (savepoint) =>
      recordAttempt(
        savepoint,
        caller,
        {
          customerId: customer.id,
          outcome,
          identity: identityOf(session),
          email: session.email,
          emailVerified: session.emailVerified,
          candidates,
          keyId: caller.keyId,
        },
        clock.now(),
      ),
    );
  }

  /** A user who has a customer of its own, and presents an address that imported ones have. */
  async function outcomeBeside(caller: MerchantCaller, known: KnownCustomer, session: SessionIdentity) {
    if (known.isImported || session.email == null || session.emailVerified === false) return 'ALREADY_BOUND';
    if ((await unresolved.count(caller)) === 0) return 'ALREADY_BOUND';
    const { db } = database;
    const [candidate, another] = await db
      .select({ id: customers.id })
      .from(customers)
      .where(and(isOwned(caller), isUnbound, hasEmail(session.email)))
      .limit(2);
    if (!candidate || !(await mayBind(db, caller, session))) return 'ALREADY_BOUND';
    if (another) return 'AMBIGUOUS';
    const found = { customerId: known.id, outcome: 'CUSTOMER_EXISTS', otherCustomerId: candidate.id } as const;
    if (!(await wasRecorded(db, caller, found))) {
      const { email, emailVerified } = session;
      const noted = { ...found, identity: identityOf(session), email, emailVerified, candidates: 1 };
      await recordAttempt(db, caller, { ...noted, keyId: caller.keyId }, clock.now());
    }
    return 'CUSTOMER_EXISTS';
  }

  return {
    async settle(transaction, caller, session) {
      const identity = identityOf(session);
      const found = await find(transaction, caller, identity);
      if (found) return { customer: found, bindOutcome: undefined };

      const match = await attempt<Match>(transaction, { outcome: 'FAILED' }, (savepoint) =>
        findMatch(savepoint, caller, session),
      );
      const email = match.outcome === 'EMAIL_NOT_VERIFIED' || identity.kind === 'organization' ? null : session.email;
      const customer = match.customer ?? (await create(transaction, caller, identity, email ?? null));
      if (customer) {
        await record(transaction, caller, session, customer, match);
        if (match.customer) unresolved.noteBound(caller);
        return { customer, bindOutcome: match.outcome };
      }
      // Somebody else created it in between; the insert waited for that to commit.
      const created = await find(transaction, caller, identity);
      if (!created) throw new Error('a customer is neither there nor could it be created');
      return { customer: created, bindOutcome: undefined };
    },

    async outcomeFor(caller, known, session) {
      if (session.externalOrganizationId != null) return 'ORGANIZATION';
      try {
        return await outcomeBeside(caller, known, session);
      } catch (error) {
        logger.warn({ err: error }, 'whether an imported customer has the same address could not be told');
        return 'ALREADY_BOUND';
      }
    },
  };
}

/** With an organization the customer is the organization, and the user is who acts. */
export const identityOf = ({ externalUserId, externalOrganizationId }: SessionIdentity): ExternalIdentity =>
  externalOrganizationId == null ? { kind: 'user', externalUserId } : { kind: 'organization', externalOrganizationId };

const knownColumns = { id: customers.id, stripeCustomerId: customers.stripeCustomerId };

const toKnown = ({ id, stripeCustomerId }: Pick<typeof customers.$inferSelect, keyof typeof knownColumns>) => ({
  id,
  isImported: stripeCustomerId !== null,
});

async function find(transaction: Transaction, owner: Owner, identity: ExternalIdentity) {
  const [row] = await transaction
    .select(knownColumns)
    .from(customers)
    .where(and(isOwned(owner), hasIdentity(identity)))
    .limit(1)
    // Waits for whoever is giving it to somebody else, or removing it, and looks again then.
    .for('key share');
  return row && toKnown(row);
}

async function findMatch(transaction: Transaction, owner: Owner, session: SessionIdentity): Promise<Match> {
  const { externalUserId, externalOrganizationId, email } = session;
  if (externalOrganizationId != null) return { outcome: 'ORGANIZATION' };
  if (email == null) return { outcome: 'NO_EMAIL' };
  if (!(await mayBind(transaction, owner, session))) return { outcome: 'EMAIL_NOT_VERIFIED' };

  const [bound] = await bindOnly(transaction, owner, externalUserId, email);
  if (bound) return { outcome: 'BOUND', customer: toKnown(bound), candidates: 1 };
  const { live, unbound } = await countWith(transaction, owner, email);
  return { outcome: unbound > 0 && live > 1 ? 'AMBIGUOUS' : 'NO_MATCH', candidates: unbound };
}

/** Whether the address counts: it was said to be verified, or nothing was said and the merchant does not ask for it. */
async function mayBind(db: Transaction | Database['db'], { merchantId }: Owner, { emailVerified }: SessionIdentity) {
  if (emailVerified != null) return emailVerified;
  const [merchant] = await db
    .select({ isRequired: merchants.requiresVerifiedEmail })
    .from(merchants)
    .where(eq(merchants.id, merchantId));
  return merchant?.isRequired === false;
}

/** The rule: it is nobody's, and no other live customer has the address. Of two who come at once the second finds it taken. */
const bindOnly = (transaction: Transaction, owner: Owner, externalUserId: string, email: string) =>
  transaction
    .update(customers)
    .set({ externalUserId })
    .where(
      and(
        isOwned(owner),
        isUnbound,
        hasEmail(email),
        sql`not exists (
          select from customers another
          where another.merchant_id = ${owner.merchantId} and another.environment = ${owner.environment}
            and another.email_key = email_key(${email}) and another.id <> customers.id)`,
      ),
    )
    .returning(knownColumns);

async function countWith(transaction: Transaction, owner: Owner, email: string) {
  const [counts] = await transaction
    .select({
      live: sql<number>`count(*)::int`,
      unbound: sql<number>`(count(*) filter (where ${isUnbound}))::int`,
    })
    .from(customers)
    .where(and(isOwned(owner), hasEmail(email)));
  return counts ?? { live: 0, unbound: 0 };
}
