import DataLoader from 'dataloader';
import { builder } from '../builder.ts';
import type { Context, SessionRecord } from '../context.ts';
import { Customer, loadCustomer } from '../customer/customer.ts';
import { notFound } from '../errors.ts';
import { type SessionOperation as Operation, sessionOperations } from '../operation.ts';

const Environment = builder.enumType('Environment', {
  description: 'Which of the two separate worlds something belongs to.',
  values: {
    TEST: { value: 'test', description: 'The sandbox.' },
    LIVE: { value: 'live', description: 'Production.' },
  } as const,
});

export const SessionOperation = builder.enumType('SessionOperation', {
  description: 'One thing that a session may be allowed to do.',
  values: {
    READ_CUSTOMER: { description: 'Read the customer of the session: `viewer`, on which all the rest of it hangs.' },
    READ_PRODUCTS: { description: 'Read what is for sale: `products`.' },
    READ_SUBSCRIPTION: { description: 'Read its subscription.' },
    MANAGE_SUBSCRIPTION: { description: 'Change, cancel and resume its subscription.' },
    READ_ENTITLEMENTS: { description: 'Read which features it has.' },
    READ_USAGE: { description: 'Read what it used.' },
    TRACK_USAGE: { description: 'Count what it uses.' },
    READ_INVOICES: { description: 'Read its invoices, and how it pays.' },
    CREATE_CHECKOUT: { description: 'Buy something.' },
    OPEN_PORTAL: { description: 'Open the page on which it changes how it pays.' },
  } satisfies Record<Operation, object>,
});

const SessionStatus = builder.enumType('SessionStatus', {
  description: 'Whether the token of a session is accepted.',
  values: {
    ACTIVE: { value: 'active', description: 'Accepted until `expiresAt`.' },
    EXPIRED: { value: 'expired', description: 'Its time is over.' },
    REVOKED: { value: 'revoked', description: 'Ended before its time, at `revokedAt`.' },
  } as const,
});

/** As `loadCustomer`. */
function loadSession({ loaders, caller, sessions }: Context, id: string): Promise<SessionRecord> {
  const loader = (loaders.sessions ??= new DataLoader<string, SessionRecord>(async (ids) => {
    const found = caller.kind === 'anonymous' ? [] : await sessions.find(caller, ids);
    return ids.map((_id, index) => found[index] ?? notFound('Session'));
  }));
  return loader.load(id);
}

export const Session = builder.objectRef<SessionRecord>('Session');

builder.node(Session, {
  id: { resolve: ({ id }) => id },
  loadWithoutCache: (id, context) => loadSession(context, id),
  description: 'A time in which one customer’s browser may call this API with one token.',
  fields: (t) => ({
    environment: t.expose('environment', { type: Environment, description: 'Where the session counts.' }),
    status: t.expose('status', { type: SessionStatus, description: 'Whether its token is accepted now.' }),
    customer: t.field({
      type: Customer,
      description: 'Whose billing the session shows. Callers: secret key; session, with READ_CUSTOMER.',
      authScopes: { $any: { merchant: true, customer: 'READ_CUSTOMER' } },
      resolve: ({ customerId }, _args, context) => loadCustomer(context, customerId),
    }),
    externalUserId: t.exposeID('externalUserId', {
      description: 'The merchant’s own id of the user who acts; also of a member of an organization.',
    }),
    allowedOperations: t.field({
      type: [SessionOperation],
      description: 'What the session may do.',
      resolve: ({ operations }) => (operations === 'all' ? sessionOperations : operations),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the token was issued.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When the token stops counting.' }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was ended before its time, by whatever path; `null` when it was not.',
    }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When a request last came with its token; up to a minute behind, `null` before the first.',
    }),
    keyId: t.exposeID('keyId', {
      nullable: true,
      description: 'The secret key that created it. Callers: secret key.',
      authScopes: { merchant: true },
      unauthorizedResolver: () => null,
    }),
    metadata: t.expose('metadata', {
      type: 'JSONObject',
      nullable: true,
      description: 'What the merchant noted when it created the session. Callers: secret key.',
      authScopes: { merchant: true },
      unauthorizedResolver: () => null,
    }),
  }),
});

builder.queryField('currentSession', (t) =>
  t.withAuth({ customer: 'ANY_OPERATION' }).field({
    description: 'Who am I, what may I do, until when. Callers: session.',
    type: Session,
    resolve: (_root, _args, context) => loadSession(context, context.caller.sessionId),
  }),
);

builder.queryField('session', (t) =>
  t.withAuth({ merchant: true }).field({
    description: 'One session of this merchant and environment. Callers: secret key.',
    type: Session,
    nullable: true,
    args: { id: t.arg.id({ required: true, description: 'The id of the session.' }) },
    resolve: async (_root, { id }, { caller, sessions }) => (await sessions.find(caller, [id]))[0] ?? null,
  }),
);
