import type { Environment } from './environment.ts';
import type { ApiError } from './errors.ts';
import type { CustomerId, KeyId, MerchantId, SessionId } from './id.ts';
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

export interface CustomerRecord {
  readonly id: CustomerId;
  readonly externalUserId: string | null;
  readonly externalOrganizationId: string | null;
  readonly email: string | null;
  readonly createdAt: Date;
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
  readonly externalOrganizationId?: string | null | undefined;
  readonly expiresIn?: number | null | undefined;
  readonly allowedOperations?: readonly SessionOperation[] | null | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | null | undefined;
}

export interface IssuedSession {
  readonly sessionToken: string;
  readonly expiresInSeconds: number;
  readonly session: SessionRecord;
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
}

/** What a resolver may reach: who asks, and the rules. */
export interface Context {
  readonly caller: Caller;
  readonly sessions: Sessions;
  readonly customers: Customers;
}
