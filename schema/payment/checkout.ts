import { z } from 'zod';
import { builder } from '../builder.ts';
import type { CheckoutRecord } from '../billing.ts';
import { quantitySchema } from '../subscription/change.ts';
import { externalId } from '../text.ts';

/** Kept as the URL standard writes it: other readers of a line feed or a backslash in it could end up elsewhere. */
const url = z
  .string()
  .max(2_000, { error: 'must have at most 2000 characters' })
  .refine((text) => URL.canParse(text) && isPlainWebUrl(new URL(text)), {
    error: 'must be an absolute http or https URL, without a user name',
  })
  .transform((text) => new URL(text).href);

const isPlainWebUrl = ({ protocol, username, password }: URL) =>
  /^https?:$/.test(protocol) && username === '' && password === '';

const Checkout = builder.objectRef<CheckoutRecord>('Checkout').implement({
  description: 'A page on which the customer pays.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Its id.' }),
    url: t.exposeString('url', { description: 'Where to send the customer.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When nothing can be paid there any more.' }),
  }),
});

const CreateCheckoutInput = builder.inputType('CreateCheckoutInput', {
  description: 'What to buy, and where to come back to.',
  validate: z.object({ price: externalId, quantity: quantitySchema, successUrl: url, cancelUrl: url }),
  fields: (t) => ({
    price: t.id({ required: true, description: 'The key of a price that is for sale.' }),
    quantity: t.int({ defaultValue: 1, description: 'How many: 1–10000.' }),
    successUrl: t.string({
      required: true,
      description: 'Where the customer comes back to when it has paid; of an origin in BILLINGOS_ALLOWED_ORIGINS.',
    }),
    cancelUrl: t.string({ required: true, description: 'The same, when it has not.' }),
  }),
});

builder.mutationField('createCheckout', (t) =>
  t.withAuth({ customer: 'CREATE_CHECKOUT' }).field({
    description:
      'Open a page on which the customer pays; once more, while that is open, gives the same page. CONFLICT while a subscription is running: change its plan. Callers: session, with CREATE_CHECKOUT.',
    type: Checkout,
    args: { input: t.arg({ type: CreateCheckoutInput, required: true, description: 'What to buy.' }) },
    resolve: (_root, { input: { price, quantity, ...urls } }, { caller, billing }) =>
      billing.createCheckout(caller, { priceKey: price, quantity: quantity ?? 1, ...urls }),
  }),
);

const PortalSession = builder.objectRef<string>('PortalSession').implement({
  description: 'A page on which the customer changes how it pays, and reads its invoices.',
  fields: (t) => ({
    url: t.string({
      description: 'Where to send the customer. Nobody else may have it.',
      resolve: (address) => address,
    }),
  }),
});

builder.mutationField('createPortalSession', (t) =>
  t.withAuth({ customer: 'OPEN_PORTAL' }).field({
    description:
      'Open a page on which the customer changes how it pays, and reads its invoices. Callers: session, with OPEN_PORTAL.',
    type: PortalSession,
    args: {
      returnUrl: t.arg.string({
        required: true,
        validate: url,
        description: 'Where the customer comes back to; of an origin in BILLINGOS_ALLOWED_ORIGINS.',
      }),
    },
    resolve: (_root, { returnUrl }, { caller, billing }) => billing.createPortalSession(caller, returnUrl),
  }),
);

const TestClock = builder.objectRef<Date>('TestClock').implement({
  description: 'The time by which the built-in payments of the sandbox go.',
  fields: (t) => ({ now: t.field({ type: 'DateTime', description: 'What it shows.', resolve: (now) => now }) }),
});

builder.mutationField('advanceTestClock', (t) =>
  t.withAuth({ merchant: true }).field({
    description:
      'Move the test clock of this merchant ahead, and let happen what is due by then: renewals, failed payments, ends. FORBIDDEN in live. Callers: secret key.',
    type: TestClock,
    args: {
      bySeconds: t.arg.int({
        required: true,
        validate: z
          .int()
          .min(1, { error: 'must be at least 1' })
          .max(63_072_000, { error: 'must be at most two years' }),
        description: 'How far: 1–63072000 (two years).',
      }),
    },
    resolve: (_root, { bySeconds }, { caller, billing }) => billing.advanceTestClock(caller, bySeconds),
  }),
);
