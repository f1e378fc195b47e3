import type DataLoader from 'dataloader';
import type {
  Billing,
  Catalog,
  EntitlementRecord,
  Entitlements,
  SubscriptionRecord,
  Subscriptions,
  Usage,
} from './billing.ts';
import type { Environment } from './environment.ts';
import { ApiError } from './errors.ts';
import type { CustomerId, ImportId, KeyId, MerchantId, SessionId } from './id.ts';
import type { OperationSet, SessionOperation } from './operation.ts';

/** Whose data: every row belongs to one merchant in one environment. */
export interface Owner {
  readonly merchantId: MerchantId;
  readonly environment: Environment;
}

/** Who sent this request. A bad credential makes an anonymous caller: the schema decides what that caller may do. */
export type Caller = AnonymousCaller | MerchantCaller | CustomerCaller;

export interface AnonymousCaller {
  readonly kind: 'anonymous';
  /** Why the credential was not accepted; `undefined` when none was sent. */
  readonly refusal: ApiError | undefined;
}

/** A merchant, however it is known: by secret key, or at the command line. */
export interface Merchant extends Owner {
  readonly kind: 'merchant';
  /** Left out at the command line. */
  readonly keyId?: KeyId;
}

/** The merchant's server, by secret key. */
export interface MerchantCaller extends Merchant {
  readonly keyId: KeyId;
}

/** One customer's browser, by session token. */
export interface CustomerCaller extends Owner {
  readonly kind: 'customer';
  readonly customerId: CustomerId;
  readonly sessionId: SessionId;
  readonly operations: OperationSet;
}

/** Where a customer came from: its first session, the merchant's own call, or an import. */
export type CustomerSource = 'session' | 'api' | 'import';

export interface CustomerRecord {
  readonly id: CustomerId;
  readonly externalUserId: string | null;
  readonly externalOrganizationId: string | null;
  readonly email: string | null;
  readonly name: string | null;
  readonly stripeCustomerId: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly source: CustomerSource;
  readonly createdAt: Date;
}

/** The merchant's own id of whose a customer is: a user or an organization. */
export type ExternalIdentity =
  | { readonly kind: 'user'; readonly externalUserId: string }
  | { readonly kind: 'organization'; readonly externalOrganizationId: string };

/** What can be said about a customer; what is left out stays, `null` takes it away. */
export interface CustomerDetails {
  readonly email?: string | null | undefined;
  readonly name?: string | null | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | null | undefined;
}

export type CustomerSelection =
  | ExternalIdentity
  | { readonly kind: 'id'; readonly id: string }
  | { readonly kind: 'stripe'; readonly stripeCustomerId: string };

export interface CustomerFilter {
  /** Compared as binding does it: by its key. */
  readonly email?: string | null | undefined;
  readonly bound?: boolean | null | undefined;
  readonly source?: CustomerSource | null | undefined;
}

/** What came of trying to find out, at a session, whose an imported customer is. */
export const bindOutcomes = [
  'BOUND',
  'ALREADY_BOUND',
  'NO_MATCH',
  'NO_EMAIL',
  'EMAIL_NOT_VERIFIED',
  'AMBIGUOUS',
  'CUSTOMER_EXISTS',
  'ORGANIZATION',
  'FAILED',
] as const;

export type BindOutcome = (typeof bindOutcomes)[number];

/** Of a session, or of what the merchant did by hand. */
export const bindAttemptOutcomes = [...bindOutcomes, 'BOUND_BY_HAND', 'MERGED', 'RELINKED'] as const;

export type BindAttemptOutcome = (typeof bindAttemptOutcomes)[number];

export const unresolvedReasons = [
  'AWAITS_SESSION',
  'NO_EMAIL',
  'EMAIL_NOT_COMPARABLE',
  'EMAIL_COLLISION',
  'CUSTOMER_EXISTS',
] as const;

export type UnresolvedReason = (typeof unresolvedReasons)[number];

/** `PENDING` resolves itself at a session; the rest needs the merchant. */
export type UnresolvedBucket = 'PENDING' | 'NEEDS_ATTENTION';

export interface UnresolvedCustomer {
  readonly customer: CustomerRecord;
  readonly bucket: UnresolvedBucket;
  readonly reason: UnresolvedReason;
}

export interface BindAttempt {
  readonly id: string;
  readonly outcome: BindAttemptOutcome;
  readonly externalUserId: string | null;
  readonly externalOrganizationId: string | null;
  readonly email: string | null;
  readonly emailVerified: boolean | null;
  readonly candidates: number;
  readonly otherCustomerId: CustomerId | null;
  readonly keyId: KeyId | null;
  readonly reason: string | null;
  readonly createdAt: Date;
}

export interface BindingExplanation {
  readonly customer: CustomerRecord;
  /** `null` when the customer is bound. */
  readonly unresolved: UnresolvedCustomer | null;
  /** The newest first, at most a hundred. */
  readonly attempts: readonly BindAttempt[];
}

export type ImportStatus = 'running' | 'done' | 'failed';

/** How many of one kind. */
export interface ImportCount {
  readonly created: number;
  readonly changed: number;
  readonly same: number;
  readonly unusable: number;
}

export interface ImportCounts {
  readonly product: ImportCount;
  readonly price: ImportCount;
  readonly customer: ImportCount;
  readonly subscription: ImportCount;
}

/** A row that could not be used: where it is (`line 17`, `cus_123`), and why. */
export interface ImportProblem {
  readonly where: string;
  readonly reason: string;
}

/** One run of an import. */
export interface ImportRecord {
  readonly id: ImportId;
  readonly mode: 'dry' | 'real';
  readonly status: ImportStatus;
  /** Where it goes on; `null` before the first rows. */
  readonly cursor: string | null;
  readonly counts: ImportCounts;
  /** The first hundred. */
  readonly problems: readonly ImportProblem[];
  /** Why it could not go on. */
  readonly failure: string | null;
  readonly startedAt: Date;
  readonly updatedAt: Date;
}

export type SessionStatus = 'active' | 'expired' | 'revoked';

export interface SessionRecord {
  readonly id: SessionId;
  readonly environment: Environment;
  readonly customerId: CustomerId;
  readonly keyId: KeyId;
  readonly externalUserId: string;
  readonly operations: OperationSet;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly revokedAt: Date | null;
  /** At most a minute behind: uses are collected and written together. */
  readonly lastUsedAt: Date | null;
  readonly status: SessionStatus;
}

export interface NewSession {
  readonly externalUserId: string;
  readonly email?: string | null | undefined;
  /** Whether the merchant knows that the address is the user's; left out, its own setting decides. */
  readonly emailVerified?: boolean | null | undefined;
  readonly externalOrganizationId?: string | null | undefined;
  readonly expiresIn?: number | null | undefined;
  readonly allowedOperations?: readonly SessionOperation[] | null | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | null | undefined;
}

export interface IssuedSession {
  readonly sessionToken: string;
  readonly expiresInSeconds: number;
  readonly session: SessionRecord;
  readonly bindOutcome: BindOutcome;
}

/** Which sessions to revoke. The organization is named by the merchant's own id for it. */
export type SessionSelection =
  | { readonly kind: 'customer'; readonly customerId: string }
  | { readonly kind: 'organization'; readonly externalOrganizationId: string }
  | { readonly kind: 'key'; readonly keyId: string }
  | { readonly kind: 'all' };

export interface SessionFilter {
  readonly customerId?: string | null | undefined;
  readonly keyId?: string | null | undefined;
  readonly active?: boolean | null | undefined;
}

export interface PageRequest {
  readonly first: number;
  /** The cursor of the last item of the page before. */
  readonly after: string | undefined;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly hasNextPage: boolean;
}

/** Rules about sessions. A lookup that finds nothing and one that finds another owner's row are the same `null`. */
export interface Sessions {
  create(caller: MerchantCaller, input: NewSession): Promise<IssuedSession>;
  revoke(merchant: Merchant, id: string): Promise<SessionRecord>;
  revokeSelected(merchant: Merchant, selection: SessionSelection): Promise<number>;
  end(caller: CustomerCaller): Promise<SessionRecord>;
  find(caller: Merchant | CustomerCaller, ids: readonly string[]): Promise<(SessionRecord | null)[]>;
  list(merchant: Merchant, page: PageRequest, filter: SessionFilter): Promise<Page<SessionRecord>>;
  /** The session of a token that counts now, or `null`; never says why it does not. */
  introspect(merchant: Merchant, token: string): Promise<SessionRecord | null>;
}

export interface Customers {
  find(caller: Merchant | CustomerCaller, ids: readonly string[]): Promise<(CustomerRecord | null)[]>;
  findBy(merchant: Merchant, selection: CustomerSelection): Promise<CustomerRecord | null>;
  list(merchant: Merchant, page: PageRequest, filter: CustomerFilter): Promise<Page<CustomerRecord>>;
  /** The same again gives the same customer; CONFLICT when there is another one with this identity. */
  create(merchant: Merchant, identity: ExternalIdentity, details: CustomerDetails): Promise<CustomerRecord>;
  update(merchant: Merchant, id: string, details: CustomerDetails): Promise<CustomerRecord>;
  /** Ends its sessions, and forgets all about it. The id, or `null` when there was no such customer. */
  remove(merchant: Merchant, id: string): Promise<CustomerId | null>;
}

/** Rules about whose a customer is. */
export interface Binding {
  /** How many imported customers are nobody's yet; may be a second old. */
  unresolvedCount(owner: Owner): Promise<number>;
  listUnresolved(
    merchant: Merchant,
    page: PageRequest,
    bucket: UnresolvedBucket | undefined,
  ): Promise<Page<UnresolvedCustomer>>;
  /** Once and for all: CONFLICT when it is somebody else's, or when that one has a customer. */
  bind(merchant: Merchant, id: string, identity: ExternalIdentity): Promise<CustomerRecord>;
  /** Gives a bound customer to somebody else, and ends its sessions. */
  relink(merchant: Merchant, id: string, identity: ExternalIdentity, reason: string): Promise<CustomerRecord>;
  /** Makes one of two: `from` goes, and what `into` has not it gets from it. */
  merge(merchant: Merchant, ids: { from: string; into: string }, reason: string): Promise<CustomerRecord>;
  explain(merchant: Merchant, id: string): Promise<BindingExplanation>;
}

/** Imports from the merchant's Stripe account. */
export interface Imports {
  /** Begins one, or goes on with the last one that did not come to its end. CONFLICT while one is running, and without an account. */
  start(merchant: Merchant, mode: ImportRecord['mode']): Promise<ImportRecord>;
  find(merchant: Merchant, id: string): Promise<ImportRecord>;
}

/** What a resolver may reach: who asks, and the rules. */
export interface Context {
  readonly caller: Caller;
  readonly loaders: Loaders;
  readonly sessions: Sessions;
  readonly customers: Customers;
  readonly binding: Binding;
  readonly imports: Imports;
  readonly catalog: Catalog;
  readonly subscriptions: Subscriptions;
  readonly entitlements: Entitlements;
  readonly usage: Usage;
  readonly billing: Billing;
}

/**
 * What this one request has looked up by customer or session, and looks up together: each is made when it is first asked.
 * Kept in the context and in no `WeakMap` from it: V8's quick collections keep what that holds, whether its key lives or not.
 */
export interface Loaders {
  customers?: DataLoader<string, CustomerRecord>;
  sessions?: DataLoader<string, SessionRecord>;
  subscriptions?: DataLoader<CustomerId, SubscriptionRecord | null>;
  entitlements?: DataLoader<CustomerId, readonly EntitlementRecord[]>;
}

/** Whose data a caller may ask for at all. Throws UNAUTHENTICATED for nobody's. */
export function ownerOf(caller: Caller): Owner {
  if (caller.kind === 'anonymous') throw new ApiError('UNAUTHENTICATED', 'Nobody’s data is asked for.');
  return caller;
}
