import {
  AdvanceTestClockDocument,
  ApplyCatalogDocument,
  BindCustomerDocument,
  CreateCustomerDocument,
  CreateSessionDocument,
  CustomerBillingDocument,
  CustomerDocument,
  CustomersDocument,
  DeleteCustomerDocument,
  ExplainBindingDocument,
  IntrospectSessionDocument,
  MerchantProductsDocument,
  MergeCustomersDocument,
  RecordUsageDocument,
  RelinkCustomerDocument,
  RevokeSessionDocument,
  RevokeSessionsDocument,
  SessionDocument,
  SessionsDocument,
  UnresolvedCustomersDocument,
  UpdateCustomerDocument,
  type ApplyCatalogMutation,
  type CatalogInput,
  type CreateCustomerInput,
  type CreateSessionInput,
  type CustomerBy,
  type CustomerFilter,
  type ExternalIdentityInput,
  type RecordUsageInput,
  type RevokeSessionsBy,
  type SessionFilter,
  type UpdateCustomerInput,
} from './generated.ts';
import { customerBillingOf, type CustomerBilling, type Product } from './node/billing.ts';
import {
  customerOf,
  explanationOf,
  unresolvedCustomerOf,
  type BindingExplanation,
  type Customer,
  type CustomerList,
  type CustomerMerge,
  type UnresolvedCustomerFilter,
  type UnresolvedCustomerList,
} from './node/customer.ts';
import type { Environment } from './node/environment.ts';
import { createList } from './node/list.ts';
import { readOptions, type BillingOSOptions } from './node/options.ts';
import { createRequest, type CallOptions, type Request } from './node/request.ts';
import { environmentOf } from './node/secret-key.ts';
import {
  createdSessionOf,
  sessionOf,
  type CreatedSession,
  type Session,
  type SessionIntrospection,
  type SessionList,
} from './node/session.ts';
import { warnOfUnresolved } from './node/unresolved-warning.ts';

export { BillingOSError, type BillingOSErrorCode } from './errors.ts';
export type {
  BindAttemptOutcome,
  BindOutcome,
  CatalogInput,
  CreateCustomerInput,
  CreateSessionInput,
  CustomerBy,
  CustomerFilter,
  CustomerSource,
  ExternalIdentityInput,
  RecordUsageInput,
  RevokeSessionsBy,
  SessionFilter,
  UnresolvedBucket,
  UnresolvedReason,
  UpdateCustomerInput,
} from './generated.ts';
export { expressSessionHandler } from './handlers/express.ts';
export { fastifySessionHandler } from './handlers/fastify.ts';
export { createSessionHandler } from './handlers/web.ts';
export type { SessionHandlerOptions } from './handlers/session-answer.ts';
export type {
  BindAttempt,
  BindingExplanation,
  Customer,
  CustomerList,
  CustomerMerge,
  CustomerPage,
  UnresolvedCustomer,
  UnresolvedCustomerFilter,
  UnresolvedCustomerList,
  UnresolvedCustomerPage,
} from './node/customer.ts';
export type { CustomerBilling, Entitlement, Product, Subscription, Usage } from './node/billing.ts';
export type { Environment } from './node/environment.ts';
export type { PageRequest } from './node/list.ts';
export type { BillingOSOptions } from './node/options.ts';
export type { CallOptions } from './node/request.ts';
export type { CreatedSession, Session, SessionIntrospection, SessionList, SessionPage } from './node/session.ts';

/**
 * The service as a merchant's server sees it. Every method rejects with a BillingOSError (docs/errors.md), or with the
 * reason of the signal that ended it.
 *
 * Failures that may pass are tried again: no connection, no answer in time, 429 and 5xx. All methods are safe to repeat:
 * queries change nothing, what is revoked, deleted, bound, relinked or merged stays so, the same `createCustomer` gives the
 * same customer, the same use is counted once, and a `createSession` whose answer was lost leaves a session whose token
 * nobody has. Only `advanceTestClock` is not, and is never tried again.
 */
export class BillingOS {
  /** Where this key counts. */
  readonly environment: Environment;
  readonly #request: Request;
  readonly #requestOnce: Request;

  /** Throws a TypeError when an option is wrong, and SECRET_KEY_IN_BROWSER where there is a page. */
  constructor(options: BillingOSOptions) {
    const read = readOptions(options);
    this.environment = environmentOf(read.secretKey);
    this.#request = createRequest(read);
    this.#requestOnce = createRequest({ ...read, maxRetries: 0 });
  }

  /** Issues a short-lived token for the user who is logged in. Authenticate that user first. */
  async createSessionToken(input: CreateSessionInput, call?: CallOptions): Promise<CreatedSession> {
    const { createSession } = await this.#request(CreateSessionDocument, { input }, call);
    warnOfUnresolved(createSession.unresolvedCustomers, input);
    return createdSessionOf(createSession);
  }

  /** Ends one session now. Rejects with NOT_FOUND when there is no such session of yours. */
  async revokeSession(id: string, call?: CallOptions): Promise<Session> {
    const { revokeSession } = await this.#request(RevokeSessionDocument, { id }, call);
    return sessionOf(revokeSession);
  }

  /** Ends all sessions of a customer, an organization, a key, or all there are. */
  async revokeSessions(by: RevokeSessionsBy, call?: CallOptions): Promise<{ revokedCount: number }> {
    const { revokeSessions } = await this.#request(RevokeSessionsDocument, { by }, call);
    return revokeSessions;
  }

  /** One session, or `null` when there is no such session of yours. */
  async session(id: string, call?: CallOptions): Promise<Session | null> {
    const { session } = await this.#request(SessionDocument, { id }, call);
    return session && sessionOf(session);
  }

  /** Sessions, newest first; nothing is asked before the list is used. */
  listSessions(filter?: SessionFilter, call?: CallOptions): SessionList {
    return createList('sessions', sessionOf, (page) => this.#request(SessionsDocument, { ...page, filter }, call));
  }

  /** Whether a session token counts at this moment, revocation included. */
  async introspectSession(token: string, call?: CallOptions): Promise<SessionIntrospection> {
    const { introspectSession } = await this.#request(IntrospectSessionDocument, { token }, call);
    const { active, session } = introspectSession;
    return active && session ? { active, session: sessionOf(session) } : { active: false };
  }

  /** Makes a customer before its first session. CONFLICT when there is another one of this user or organization. */
  async createCustomer(input: CreateCustomerInput, call?: CallOptions): Promise<Customer> {
    const { createCustomer } = await this.#request(CreateCustomerDocument, { input }, call);
    return customerOf(createCustomer);
  }

  /** One customer by one of its ids, here, at Stripe or with you; `null` when there is no such customer of yours. */
  async customer(by: CustomerBy, call?: CallOptions): Promise<Customer | null> {
    const { customer } = await this.#request(CustomerDocument, { by }, call);
    return customer && customerOf(customer);
  }

  /** Changes what is known about a customer: what is left out stays, `null` takes it away. */
  async updateCustomer(id: string, input: UpdateCustomerInput, call?: CallOptions): Promise<Customer> {
    const { updateCustomer } = await this.#request(UpdateCustomerDocument, { id, input }, call);
    return customerOf(updateCustomer);
  }

  /** Forgets a customer and ends its sessions now. `null` when there is no such customer of yours, or not any more. */
  async deleteCustomer(id: string, call?: CallOptions): Promise<{ deletedId: string | null }> {
    const { deleteCustomer } = await this.#request(DeleteCustomerDocument, { id }, call);
    return deleteCustomer;
  }

  /** Customers, newest first; nothing is asked before the list is used. */
  listCustomers(filter?: CustomerFilter, call?: CallOptions): CustomerList {
    return createList('customers', customerOf, (page) => this.#request(CustomersDocument, { ...page, filter }, call));
  }

  /** Imported customers that are nobody's yet, newest first; nothing is asked before the list is used. */
  listUnresolvedCustomers({ bucket }: UnresolvedCustomerFilter = {}, call?: CallOptions): UnresolvedCustomerList {
    return createList('unresolvedCustomers', unresolvedCustomerOf, (page) =>
      this.#request(UnresolvedCustomersDocument, { ...page, bucket }, call),
    );
  }

  /** Says whose an imported customer is, once. CONFLICT when it is somebody else's, or when that one has a customer. */
  async bindCustomer(id: string, identity: ExternalIdentityInput, call?: CallOptions): Promise<Customer> {
    const { bindCustomer } = await this.#request(BindCustomerDocument, { id, identity }, call);
    return customerOf(bindCustomer);
  }

  /** Gives a bound customer to somebody else, and ends its sessions now. The reason is kept in the ledger. */
  async relinkCustomer(
    id: string,
    identity: ExternalIdentityInput,
    reason: string,
    call?: CallOptions,
  ): Promise<Customer> {
    const { relinkCustomer } = await this.#request(RelinkCustomerDocument, { id, identity, reason }, call);
    return customerOf(relinkCustomer);
  }

  /** Makes one of two customers, and ends the sessions of the one that goes. */
  async mergeCustomers({ from, into, reason }: CustomerMerge, call?: CallOptions): Promise<Customer> {
    const { mergeCustomers } = await this.#request(MergeCustomersDocument, { from, into, reason }, call);
    return customerOf(mergeCustomers);
  }

  /** Whose a customer is, and how that came about. */
  async explainBinding(id: string, call?: CallOptions): Promise<BindingExplanation> {
    const { explainBinding } = await this.#request(ExplainBindingDocument, { customerId: id }, call);
    return explanationOf(explainBinding);
  }

  /** What is for sale, in the merchant's order; also what is hidden or archived. */
  async products(call?: CallOptions): Promise<readonly Product[]> {
    const { products } = await this.#request(MerchantProductsDocument, {}, call);
    return products;
  }

  /**
   * Makes the catalog what is given: what is left out is archived. `DRY` writes nothing. CONFLICT for a change that would
   * reprice what was sold.
   * @returns what differs.
   */
  async applyCatalog(
    catalog: CatalogInput,
    mode: 'DRY' | 'REAL' = 'REAL',
    call?: CallOptions,
  ): Promise<ApplyCatalogMutation['applyCatalog']> {
    const { applyCatalog } = await this.#request(ApplyCatalogDocument, { input: catalog, mode }, call);
    return applyCatalog;
  }

  /** What a customer has, by one of its ids; `null` when there is no such customer of yours. */
  async customerBilling(by: CustomerBy, call?: CallOptions): Promise<CustomerBilling | null> {
    const { customer } = await this.#request(CustomerBillingDocument, { by }, call);
    return customer && customerBillingOf(customer);
  }

  /** Counts what customers used, up to 1000 at once: all of it or nothing. What was counted before is not counted again. */
  async recordUsage(
    events: RecordUsageInput | readonly RecordUsageInput[],
    call?: CallOptions,
  ): Promise<{ recordedCount: number }> {
    const { recordUsage } = await this.#request(RecordUsageDocument, { events: [events].flat() }, call);
    return recordUsage;
  }

  /** Moves the sandbox's test clock ahead, and lets happen what is due by then. Never tried again. */
  async advanceTestClock(bySeconds: number, call?: CallOptions): Promise<Date> {
    const { advanceTestClock } = await this.#requestOnce(AdvanceTestClockDocument, { bySeconds }, call);
    return new Date(advanceTestClock.now);
  }
}
