import type { CustomerFragment, MerchantSessionFragment, SessionsQuery } from '../generated.ts';

/** Whose billing it is. */
export type Customer = Dated<CustomerFragment, 'createdAt'>;

/** A session as the merchant sees it, its token apart: that is shown once. */
export type Session = Omit<
  Dated<MerchantSessionFragment, 'createdAt' | 'expiresAt' | 'revokedAt' | 'lastUsedAt'>,
  'customer'
> & { customer: Customer };

/** `Date` where the API writes RFC 3339 text. */
type Dated<Wire, Name extends keyof Wire> = Omit<Wire, Name> & {
  [Key in Name]: Date | Extract<Wire[Key], null>;
};

export interface CreatedSession {
  /** `bos_session_…`: for the browser of this one customer, and for nothing else. */
  readonly sessionToken: string;
  /** When the token stops counting, by the service's clock. */
  readonly expiresAt: Date;
  /** Seconds from now until then: right even where a clock is wrong. */
  readonly expiresIn: number;
  readonly session: Session;
  readonly customer: Customer;
}

/** Whether a token counts now; when it does not, nothing more is said (RFC 7662). */
export type SessionIntrospection = { readonly active: true; readonly session: Session } | { readonly active: false };

export interface SessionPage {
  readonly sessions: readonly Session[];
  /** For `after` of the next page; `undefined` on the last one. */
  readonly nextCursor: string | undefined;
}

export interface SessionPageRequest {
  /** 1–100, 20 when left out. */
  readonly first?: number | undefined;
  /** `nextCursor` of the page before. */
  readonly after?: string | undefined;
}

/** Sessions, newest first: all of them with `for await`, which asks for one page after another, or one page. */
export interface SessionList extends AsyncIterable<Session> {
  page(request?: SessionPageRequest): Promise<SessionPage>;
}

export const customerOf = (wire: CustomerFragment): Customer => ({ ...wire, createdAt: new Date(wire.createdAt) });

export const sessionOf = (wire: MerchantSessionFragment): Session => ({
  ...wire,
  customer: customerOf(wire.customer),
  createdAt: new Date(wire.createdAt),
  expiresAt: new Date(wire.expiresAt),
  revokedAt: wire.revokedAt === null ? null : new Date(wire.revokedAt),
  lastUsedAt: wire.lastUsedAt === null ? null : new Date(wire.lastUsedAt),
});

const pageOf = ({ edges, pageInfo }: SessionsQuery['sessions']): SessionPage => ({
  sessions: edges.map(({ node }) => sessionOf(node)),
  nextCursor: pageInfo.hasNextPage ? (pageInfo.endCursor ?? undefined) : undefined,
});

const mostPerPage = 100;

/** The list behind a function that asks for one page. */
export function createSessionList(
  request: (page: SessionPageRequest) => Promise<SessionsQuery['sessions']>,
): SessionList {
  const page = async (wanted: SessionPageRequest = {}) => pageOf(await request(wanted));
  return {
    page,
    async *[Symbol.asyncIterator]() {
      let after: string | undefined;
      do {
        const { sessions, nextCursor } = await page({ first: mostPerPage, after });
        yield* sessions;
        after = nextCursor;
      } while (after !== undefined);
    },
  };
}
