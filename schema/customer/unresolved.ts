import { builder } from '../builder.ts';
import type { UnresolvedCustomer as Unresolved, UnresolvedReason as Reason } from '../context.ts';
import { connectionOf, pageRequestOf, pageSizeSchema } from '../page.ts';
import { Customer } from './customer.ts';

const UnresolvedBucket = builder.enumType('UnresolvedBucket', {
  description: 'Whether an imported customer finds its user by itself.',
  values: {
    PENDING: { description: 'The first session with its address binds it.' },
    NEEDS_ATTENTION: { description: 'No session can bind it: the merchant has to say whose it is.' },
  } as const,
});

const UnresolvedReason = builder.enumType('UnresolvedReason', {
  description: 'Why an imported customer is nobody’s yet.',
  values: {
    AWAITS_SESSION: { description: 'No session has presented its address since.' },
    NO_EMAIL: { description: 'It has no address.' },
    EMAIL_NOT_COMPARABLE: { description: 'Its address has characters beyond ASCII: such addresses never bind.' },
    EMAIL_COLLISION: { description: 'Another imported customer has the same address.' },
    CUSTOMER_EXISTS: {
      description:
        'A customer that is none of Stripe’s has the same address, or its user has presented it: `mergeCustomers`, if they are one.',
    },
  } satisfies Record<Reason, object>,
});

export const UnresolvedCustomer = builder.objectRef<Unresolved>('UnresolvedCustomer').implement({
  description: 'An imported customer that is nobody’s yet, and why: computed when it is asked.',
  fields: (t) => ({
    customer: t.expose('customer', { type: Customer, description: 'The customer.' }),
    bucket: t.expose('bucket', { type: UnresolvedBucket, description: 'Whether it finds its user by itself.' }),
    reason: t.expose('reason', { type: UnresolvedReason, description: 'Why it is nobody’s yet.' }),
  }),
});

const UnresolvedCustomerConnection = builder.connectionObject(
  {
    type: UnresolvedCustomer,
    name: 'UnresolvedCustomerConnection',
    description: 'A page of unresolved customers, newest first.',
  },
  { name: 'UnresolvedCustomerEdge', description: 'An unresolved customer, and where it stands in the list.' },
);

builder.queryField('unresolvedCustomers', (t) =>
  t.withAuth({ merchant: true }).field({
    description: 'The imported customers that are nobody’s yet, newest first. Callers: secret key.',
    type: UnresolvedCustomerConnection,
    args: {
      first: t.arg.int({ defaultValue: 20, description: 'How many: 1–100.', validate: pageSizeSchema }),
      after: t.arg.string({ description: 'The cursor of the last one of the page before.' }),
      bucket: t.arg({ type: UnresolvedBucket, description: 'Only these; all when left out.' }),
    },
    resolve: async (_root, { bucket, ...args }, { caller, binding }) =>
      connectionOf(
        await binding.listUnresolved(caller, pageRequestOf(args), bucket ?? undefined),
        args,
        ({ customer }) => customer.id,
      ),
  }),
);
