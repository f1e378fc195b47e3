import { z } from 'zod';
import { builder } from '../builder.ts';
import { metadataSchema } from '../metadata.ts';
import { Customer } from './customer.ts';
import { emailSchema, ExternalIdentityInput, identityOf, identitySchema, nameSchema } from './input.ts';

const details = { email: emailSchema.nullish(), name: nameSchema.nullish(), metadata: metadataSchema.nullish() };

const CreateCustomerInput = builder.inputType('CreateCustomerInput', {
  description: 'A customer before its first session. Every problem is reported at once.',
  validate: z.object({ identity: identitySchema, ...details }),
  fields: (t) => ({
    identity: t.field({ type: ExternalIdentityInput, required: true, description: 'Whose it is.' }),
    email: t.string({ description: 'Its address, 3–320 characters.' }),
    name: t.string({ description: 'Its name, 1–255 characters.' }),
    metadata: t.field({
      type: 'JSONObject',
      description: 'Anything worth noting: at most 2 KiB, 16 levels, 50 keys. Its users never see it.',
    }),
  }),
});

const UpdateCustomerInput = builder.inputType('UpdateCustomerInput', {
  description: 'What is left out stays as it is; `null` takes it away.',
  validate: z.object(details),
  fields: (t) => ({
    email: t.string({ description: 'Its address. What Stripe has comes back with the next import.' }),
    name: t.string({ description: 'Its name.' }),
    metadata: t.field({ type: 'JSONObject', description: 'Takes the place of all that was noted.' }),
  }),
});

const DeleteCustomerPayload = builder.objectRef<{ deletedId: string | null }>('DeleteCustomerPayload').implement({
  description: 'What a deletion did.',
  fields: (t) => ({
    deletedId: t.exposeID('deletedId', {
      nullable: true,
      description: 'The id that is gone; `null` when there was no such customer (any more).',
    }),
  }),
});

builder.mutationField('createCustomer', (t) =>
  t.withAuth({ merchant: true }).field({
    description:
      'Make a customer. The same call again gives the same customer; another one of this identity is a CONFLICT. Callers: secret key.',
    type: Customer,
    args: {
      input: t.arg({ type: CreateCustomerInput, required: true, description: 'Whose it is, and what is known.' }),
    },
    resolve: (_root, { input: { identity, ...known } }, { caller, customers }) =>
      customers.create(caller, identityOf(identity), known),
  }),
);

builder.mutationField('updateCustomer', (t) =>
  t.withAuth({ merchant: true }).field({
    description: 'Change what is known about a customer. Callers: secret key.',
    type: Customer,
    args: {
      id: t.arg.id({ required: true, description: 'The id of the customer.' }),
      input: t.arg({ type: UpdateCustomerInput, required: true, description: 'What changes.' }),
    },
    resolve: (_root, { id, input }, { caller, customers }) => customers.update(caller, id, input),
  }),
);

builder.mutationField('deleteCustomer', (t) =>
  t.withAuth({ merchant: true }).field({
    description:
      'Forget a customer and end its sessions now. A later session of the same user begins a new one, and no import brings it back. Callers: secret key.',
    type: DeleteCustomerPayload,
    args: { id: t.arg.id({ required: true, description: 'The id of the customer.' }) },
    resolve: async (_root, { id }, { caller, customers }) => ({ deletedId: await customers.remove(caller, id) }),
  }),
);
