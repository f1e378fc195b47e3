import type { BindOutcome, CreateSessionMutation, MerchantSessionFragment } from '../generated.ts';
import { type Customer, customerOf } from './customer.ts';
import type { Dated } from './dated.ts';
import type { List, Page } from './list.ts';

/** A session as the merchant sees it, its token apart: that is shown once. */
export type Session = Omit<
  Dated<MerchantSessionFragment, 'createdAt' | 'expiresAt' | 'revokedAt' | 'lastUsedAt'>,
  'customer'
> & { customer: Customer };

export interface CreatedSession {
  /** `bos_session_…`: for the browser of this one customer, and for nothing else. */
  readonly sessionToken: string;
  /** When the token stops counting, by the service's clock. */
  readonly expiresAt: Date;
  /** Seconds from now until then: right even where a clock is wrong. */
  readonly expiresIn: number;
  readonly session: Session;
  readonly customer: Customer;
  /** Whether an imported customer was found for the user. */
  readonly bindOutcome: BindOutcome;
  /** How many imported customers are nobody's yet; may be a second old. */
  readonly unresolvedCustomers: number;
}

/** Whether a token counts now; when it does not, nothing more is said (RFC 7662). */
export type SessionIntrospection = { readonly active: true; readonly session: Session } | { readonly active: false };

export type SessionPage = Page<'sessions', Session>;
export type SessionList = List<'sessions', Session>;

export const sessionOf = (wire: MerchantSessionFragment): Session => ({
  ...wire,
  customer: customerOf(wire.customer),
  createdAt: new Date(wire.createdAt),
  expiresAt: new Date(wire.expiresAt),
  revokedAt: wire.revokedAt === null ? null : new Date(wire.revokedAt),
  lastUsedAt: wire.lastUsedAt === null ? null : new Date(wire.lastUsedAt),
});

export const createdSessionOf = (wire: CreateSessionMutation['createSession']): CreatedSession => ({
  ...wire,
  expiresAt: new Date(wire.expiresAt),
  // The document asks for the customer once: the service would write the same one twice.
  session: sessionOf({ ...wire.session, customer: wire.customer }),
  customer: customerOf(wire.customer),
});
