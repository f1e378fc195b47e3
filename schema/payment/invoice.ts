import { builder } from '../builder.ts';
import type { InvoiceRecord, InvoiceStatus as Status, PaymentMethodRecord } from '../billing.ts';
import { ownerOf } from '../context.ts';
import { Customer } from '../customer/customer.ts';
import { connectionOf, pageRequestOf, pageSizeSchema } from '../page.ts';
import { AmountLine } from '../subscription/change.ts';

const statuses: Record<Status, string> = {
  draft: 'It may still change.',
  open: 'It is to be paid.',
  paid: 'It is paid.',
  uncollectible: 'Nobody expects it to be paid.',
  void: 'It was a mistake.',
};

const InvoiceStatus = builder.enumType('InvoiceStatus', {
  description: 'Where an invoice stands, as Stripe has it. https://docs.stripe.com/invoicing/overview#invoice-statuses',
  values: Object.fromEntries(
    Object.entries(statuses).map(([value, description]) => [value.toUpperCase(), { value, description }]),
  ) as Record<Uppercase<Status>, { value: Status; description: string }>,
});

const Invoice = builder.objectRef<InvoiceRecord>('Invoice').implement({
  description: 'What a customer was asked to pay.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Its id; at Stripe where it is Stripe’s.' }),
    number: t.exposeString('number', { nullable: true, description: 'What it is called on paper.' }),
    status: t.expose('status', { type: InvoiceStatus, description: 'Where it stands.' }),
    currency: t.exposeString('currency', { description: 'ISO 4217, lower case; amounts are its minor units.' }),
    total: t.expose('total', { type: 'SafeInt', description: 'What it comes to.' }),
    amountDue: t.expose('amountDue', { type: 'SafeInt', description: 'What was to be paid.' }),
    amountPaid: t.expose('amountPaid', { type: 'SafeInt', description: 'What was paid.' }),
    lines: t.expose('lines', { type: [AmountLine], description: 'What it consists of.' }),
    url: t.exposeString('url', { nullable: true, description: 'Where it can be read and paid.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was written.' }),
  }),
});

const InvoiceConnection = builder.connectionObject(
  { type: Invoice, name: 'InvoiceConnection', description: 'A page of invoices, newest first.' },
  { name: 'InvoiceEdge', description: 'An invoice, and where it stands in the list.' },
);

const PaymentMethod = builder.objectRef<PaymentMethodRecord>('PaymentMethod').implement({
  description: 'How a customer pays. Shows no more than its last digits.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Its id; at Stripe where it is Stripe’s.' }),
    type: t.exposeString('type', { description: '`card`, or what else Stripe calls it.' }),
    brand: t.exposeString('brand', { nullable: true, description: 'Of a card: `visa`.' }),
    lastFour: t.exposeString('lastFour', { nullable: true, description: 'Its last four digits.' }),
    expiryMonth: t.exposeInt('expiryMonth', { nullable: true, description: '1–12.' }),
    expiryYear: t.exposeInt('expiryYear', { nullable: true, description: 'Four digits.' }),
    default: t.exposeBoolean('isDefault', { description: 'Whether renewals are paid with it.' }),
  }),
});

builder.objectFields(Customer, (t) => ({
  invoices: t.field({
    type: InvoiceConnection,
    description: 'The customer’s invoices, newest first. Callers: secret key; session, with READ_INVOICES.',
    authScopes: { $any: { merchant: true, customer: 'READ_INVOICES' } },
    args: {
      first: t.arg.int({ defaultValue: 20, description: 'How many: 1–100.', validate: pageSizeSchema }),
      after: t.arg.string({ description: 'The cursor of the last invoice of the page before.' }),
    },
    resolve: async (customer, args, { caller, billing }) =>
      connectionOf(await billing.invoices(ownerOf(caller), customer, pageRequestOf(args)), args, ({ id }) => id),
  }),
  paymentMethods: t.field({
    type: [PaymentMethod],
    description: 'How the customer pays. Callers: secret key; session, with READ_INVOICES.',
    authScopes: { $any: { merchant: true, customer: 'READ_INVOICES' } },
    resolve: async (customer, _args, { caller, billing }) => [
      ...(await billing.paymentMethods(ownerOf(caller), customer)),
    ],
  }),
}));
