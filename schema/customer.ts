import { builder } from './builder.ts';
import type { CustomerRecord } from './context.ts';
import { notFound } from './errors.ts';

export const Customer = builder.loadableNodeRef('Customer', {
  id: { resolve: (customer: CustomerRecord) => customer.id },
  load: async (ids: string[], { caller, customers }) => {
    const found = caller.kind === 'anonymous' ? [] : await customers.find(caller, ids);
    return ids.map((_id, index) => found[index] ?? notFound('Customer'));
  },
});

Customer.implement({
  description:
    'Whose billing it is: one user of the merchant, or one organization when sessions are created with `externalOrganizationId`.',
  fields: (t) => ({
    externalUserId: t.exposeID('externalUserId', {
      nullable: true,
      description: 'The merchant’s own id of the user; `null` for an organization.',
    }),
    externalOrganizationId: t.exposeID('externalOrganizationId', {
      nullable: true,
      description: 'The merchant’s own id of the organization; `null` for a user.',
    }),
    email: t.exposeString('email', {
      nullable: true,
      description: 'The address as it was given when the customer was created.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the customer was first seen.' }),
  }),
});

builder.queryField('viewer', (t) =>
  t.withAuth({ customer: 'READ_CUSTOMER' }).field({
    description: 'The customer of the session token. Callers: session, with READ_CUSTOMER.',
    type: Customer,
    resolve: (_root, _args, { caller }) => caller.customerId,
  }),
);
