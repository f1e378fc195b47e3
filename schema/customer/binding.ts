import { builder } from '../builder.ts';
import {
  type BindAttempt as BindAttemptRecord,
  type BindAttemptOutcome as AttemptOutcome,
  type BindingExplanation as Explanation,
  type BindOutcome as Outcome,
} from '../context.ts';
import { Customer } from './customer.ts';
import { ExternalIdentityInput, identityOf, reasonSchema } from './input.ts';
import { UnresolvedCustomer } from './unresolved.ts';

const outcomes = {
  BOUND: { description: 'An imported customer was bound to this user, by its address.' },
  ALREADY_BOUND: { description: 'The customer of this user was known before: nothing was looked for.' },
  NO_MATCH: { description: 'No imported customer that waits has this address.' },
  NO_EMAIL: { description: 'No address was given.' },
  EMAIL_NOT_VERIFIED: { description: 'The address does not count, because nobody says that it was verified.' },
  AMBIGUOUS: { description: 'Several customers have this address: nobody was bound.' },
  CUSTOMER_EXISTS: {
    description: 'An imported customer has this address, and the user has a customer of its own: `mergeCustomers`.',
  },
  ORGANIZATION: { description: 'An address never binds an organization: `bindCustomer` does.' },
  FAILED: { description: 'Binding failed; the session was issued all the same, for a customer of its own.' },
} satisfies Record<Outcome, object>;

export const BindOutcome = builder.enumType('BindOutcome', {
  description: 'What came of looking for an imported customer whose address a session presents.',
  values: outcomes,
});

const BindAttemptOutcome = builder.enumType('BindAttemptOutcome', {
  description: 'What came of an attempt to say whose a customer is.',
  values: {
    ...outcomes,
    BOUND_BY_HAND: { description: '`bindCustomer`.' },
    MERGED: { description: '`mergeCustomers`.' },
    RELINKED: { description: '`relinkCustomer`.' },
  } satisfies Record<AttemptOutcome, object>,
});

const BindAttempt = builder.objectRef<BindAttemptRecord>('BindAttempt').implement({
  description: 'One entry of the ledger: what was tried, and what was known then.',
  fields: (t) => ({
    outcome: t.expose('outcome', { type: BindAttemptOutcome, description: 'What came of it.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When.' }),
    externalUserId: t.exposeID('externalUserId', { nullable: true, description: 'For which user, if for one.' }),
    externalOrganizationId: t.exposeID('externalOrganizationId', {
      nullable: true,
      description: 'For which organization, if for one.',
    }),
    email: t.exposeString('email', { nullable: true, description: 'The address that was presented, as given.' }),
    emailVerified: t.exposeBoolean('emailVerified', {
      nullable: true,
      description: 'What the merchant’s server said of it; `null` when it said nothing.',
    }),
    candidates: t.exposeInt('candidates', { description: 'How many customers waited with this address.' }),
    otherCustomerId: t.exposeID('otherCustomerId', {
      nullable: true,
      description: 'The customer that was merged, or that could not be bound.',
    }),
    keyId: t.exposeID('keyId', {
      nullable: true,
      description: 'The secret key of the caller; `null` at the command line.',
    }),
    reason: t.exposeString('reason', { nullable: true, description: 'Why it was put right by hand.' }),
  }),
});

const BindingExplanation = builder.objectRef<Explanation>('BindingExplanation').implement({
  description: 'Why a customer is somebody’s, or nobody’s yet.',
  fields: (t) => ({
    customer: t.expose('customer', { type: Customer, description: 'The customer.' }),
    unresolved: t.expose('unresolved', {
      type: UnresolvedCustomer,
      nullable: true,
      description: 'Why it is nobody’s; `null` when it is somebody’s.',
    }),
    attempts: t.expose('attempts', {
      type: [BindAttempt],
      description: 'All that was tried for it or with its address, newest first, at most 100.',
    }),
  }),
});

builder.queryField('explainBinding', (t) =>
  t.withAuth({ merchant: true }).field({
    description: 'Whose a customer is, and how that came about. Callers: secret key.',
    type: BindingExplanation,
    args: { customerId: t.arg.id({ required: true, description: 'The id of the customer.' }) },
    resolve: (_root, { customerId }, { caller, binding }) => binding.explain(caller, customerId),
  }),
);

builder.mutationField('bindCustomer', (t) =>
  t.withAuth({ merchant: true }).field({
    description:
      'Say whose an imported customer is, once: CONFLICT when it is somebody else’s, or when that one has a customer. Callers: secret key.',
    type: Customer,
    args: {
      id: t.arg.id({ required: true, description: 'The id of the customer.' }),
      identity: t.arg({ type: ExternalIdentityInput, required: true, description: 'Whose it is.' }),
    },
    resolve: (_root, { id, identity }, { caller, binding }) => binding.bind(caller, id, identityOf(identity)),
  }),
);

builder.mutationField('relinkCustomer', (t) =>
  t.withAuth({ merchant: true }).field({
    description: 'Give a bound customer to somebody else, and end its sessions now. Callers: secret key.',
    type: Customer,
    args: {
      id: t.arg.id({ required: true, description: 'The id of the customer.' }),
      identity: t.arg({ type: ExternalIdentityInput, required: true, description: 'Whose it is from now on.' }),
      reason: t.arg.string({ required: true, validate: reasonSchema, description: 'Why: kept in the ledger.' }),
    },
    resolve: (_root, { id, identity, reason }, { caller, binding }) =>
      binding.relink(caller, id, identityOf(identity), reason),
  }),
);

builder.mutationField('mergeCustomers', (t) =>
  t.withAuth({ merchant: true }).field({
    description:
      'Make one of two customers: `from` goes, with its sessions; what `into` lacks it gets from it. Only one may be bound, and only one a customer at Stripe. Callers: secret key.',
    type: Customer,
    args: {
      from: t.arg.id({ required: true, description: 'The id of the customer that goes.' }),
      into: t.arg.id({ required: true, description: 'The id of the customer that stays.' }),
      reason: t.arg.string({ required: true, validate: reasonSchema, description: 'Why: kept in the ledger.' }),
    },
    resolve: (_root, { from, into, reason }, { caller, binding }) => binding.merge(caller, { from, into }, reason),
  }),
);
