import { builder } from '../builder.ts';
import type { SessionSelection } from '../context.ts';
import { externalId } from '../text.ts';
import { Session } from './session.ts';

const RevokeSessionsBy = builder.inputType('RevokeSessionsBy', {
  description: 'Which sessions to revoke: exactly one of these.',
  isOneOf: true,
  fields: (t) => ({
    customer: t.id({ description: 'Every session of the customer with this id.' }),
    organization: t.id({
      validate: externalId,
      description: 'Every session of the organization with this `externalOrganizationId`.',
    }),
    key: t.id({ description: 'Every session that the secret key with this id created.' }),
    all: t.boolean({ description: '`true`: every session of this merchant in this environment.' }),
  }),
});

const RevokeSessionsPayload = builder.objectRef<{ revokedCount: number }>('RevokeSessionsPayload').implement({
  description: 'What a revocation of many sessions did.',
  fields: (t) => ({
    revokedCount: t.exposeInt('revokedCount', {
      description:
        'How many sessions were active and are not any more; of more than 10,000 sessions, some are not counted.',
    }),
  }),
});

/** GraphQL guarantees that exactly one member is there and that it is not null. */
function selectionOf(by: typeof RevokeSessionsBy.$inferInput): SessionSelection | undefined {
  if (by.customer !== undefined) return { kind: 'customer', customerId: by.customer };
  if (by.organization !== undefined) return { kind: 'organization', externalOrganizationId: by.organization };
  if (by.key !== undefined) return { kind: 'key', keyId: by.key };
  return by.all ? { kind: 'all' } : undefined;
}

builder.mutationField('revokeSession', (t) =>
  t.withAuth({ merchant: true }).field({
    description: 'End one session now. Revoking an ended one again changes nothing. Callers: secret key.',
    type: Session,
    args: { id: t.arg.id({ required: true, description: 'The id of the session.' }) },
    resolve: (_root, { id }, { caller, sessions }) => sessions.revoke(caller, id),
  }),
);

builder.mutationField('revokeSessions', (t) =>
  t.withAuth({ merchant: true }).field({
    description:
      'End every session of a customer, of an organization, of a secret key, or of this merchant. Callers: secret key.',
    type: RevokeSessionsPayload,
    args: { by: t.arg({ type: RevokeSessionsBy, required: true, description: 'Which sessions.' }) },
    resolve: async (_root, { by }, { caller, sessions }) => {
      const selection = selectionOf(by);
      return { revokedCount: selection ? await sessions.revokeSelected(caller, selection) : 0 };
    },
  }),
);

builder.mutationField('endSession', (t) =>
  t.withAuth({ customer: 'ANY_OPERATION' }).field({
    description: 'Sign out: end the session of the token that this call comes with. Callers: session.',
    type: Session,
    resolve: (_root, _args, { caller, sessions }) => sessions.end(caller),
  }),
);
