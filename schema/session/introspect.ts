import { builder } from '../builder.ts';
import type { SessionRecord } from '../context.ts';
import { Session } from './session.ts';

const SessionIntrospection = builder.objectRef<{ session: SessionRecord | null }>('SessionIntrospection').implement({
  description: 'Whether a token counts now (RFC 7662): an inactive one says nothing more.',
  fields: (t) => ({
    active: t.boolean({
      description: 'Whether this merchant’s endpoint would accept the token at this moment.',
      resolve: ({ session }) => session !== null,
    }),
    session: t.expose('session', {
      type: Session,
      nullable: true,
      description: 'The session of an active token, else `null`.',
    }),
  }),
});

builder.queryField('introspectSession', (t) =>
  t.withAuth({ merchant: true }).field({
    description: 'Ask whether a session token counts, and for whom. Callers: secret key.',
    type: SessionIntrospection,
    args: { token: t.arg.string({ required: true, description: 'The session token, prefix included.' }) },
    resolve: async (_root, { token }, { caller, sessions }) => ({
      session: await sessions.introspect(caller, token),
    }),
  }),
);
