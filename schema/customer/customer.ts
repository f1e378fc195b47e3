import DataLoader from 'dataloader';
import { builder } from '../builder.ts';
import type { Context, CustomerRecord } from '../context.ts';
import { notFound } from '../errors.ts';

export const CustomerSource = builder.enumType('CustomerSource', {
  description: 'Where a customer came from.',
  values: {
    SESSION: { value: 'session', description: 'Its first session.' },
    API: { value: 'api', description: '`createCustomer`.' },
    IMPORT: { value: 'import', description: 'An import from Stripe, or Stripe’s own news.' },
  } as const,
});

/** However many fields of a request ask for customers: one question. Rejects with NOT_FOUND. */
export function loadCustomer({ loaders, caller, customers }: Context, id: string): Promise<CustomerRecord> {
  const loader = (loaders.customers ??= new DataLoader<string, CustomerRecord>(async (ids) => {
    const found = caller.kind === 'anonymous' ? [] : await customers.find(caller, ids);
    return ids.map((_id, index) => found[index] ?? notFound('Customer'));
  }));
  return loader.load(id);
}

export const Customer = builder.objectRef<CustomerRecord>('Customer');

builder.node(Customer, {
  id: { resolve: ({ id }) => id },
  loadWithoutCache: (id, context) => loadCustomer(context, id),
  description:
    'Whose billing it is: one user of the merchant, or one organization when sessions are created with `externalOrganizationId`.',
  fields: (t) => ({
    externalUserId: t.exposeID('externalUserId', {
      nullable: true,
      description: 'The merchant’s own id of the user; `null` for an organization, and while nobody is known.',
    }),
    externalOrganizationId: t.exposeID('externalOrganizationId', {
      nullable: true,
      description: 'The merchant’s own id of the organization; `null` for a user, and while nobody is known.',
    }),
    email: t.exposeString('email', { nullable: true, description: 'The address as it was given.' }),
    name: t.exposeString('name', { nullable: true, description: 'The name as it was given.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the customer was first seen here.' }),
    source: t.expose('source', {
      type: CustomerSource,
      nullable: true,
      description: 'Where the customer came from. Callers: secret key.',
      authScopes: { merchant: true },
      unauthorizedResolver: () => null,
    }),
    stripeCustomerId: t.exposeID('stripeCustomerId', {
      nullable: true,
      description: 'Its id at Stripe: `cus_…`. Callers: secret key.',
      authScopes: { merchant: true },
      unauthorizedResolver: () => null,
    }),
    metadata: t.expose('metadata', {
      type: 'JSONObject',
      nullable: true,
      description: 'What the merchant noted about it. Callers: secret key.',
      authScopes: { merchant: true },
      unauthorizedResolver: () => null,
    }),
  }),
});

builder.queryField('viewer', (t) =>
  t.withAuth({ customer: 'READ_CUSTOMER' }).field({
    description: 'The customer of the session token. Callers: session, with READ_CUSTOMER.',
    type: Customer,
    resolve: (_root, _args, context) => loadCustomer(context, context.caller.customerId),
  }),
);
