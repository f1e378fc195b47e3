import type { Stripe } from 'stripe';
import type { AmountLine, InvoiceRecord } from '../../../schema/billing.ts';
import { ApiError } from '../../../schema/errors.ts';
import type { Payments } from '../payments.ts';
import type { Ask } from './ask.ts';
import { isMissing, stripeFailureOf } from './failure.ts';

const maxInvoices = 100;
const maxLines = 100;

/** Reads a customer's invoices. Who was never at Stripe has none. */
export const createInvoices =
  (ask: Ask): Payments['invoices'] =>
  async (owner, { stripeCustomerId: customer }, { first, after }) => {
    if (customer === null) return { items: [], hasNextPage: false };
    const params = {
      customer,
      limit: Math.min(first, maxInvoices),
      ...(after !== undefined && { starting_after: after }),
    };
    return ask(owner, 'Invoices: read', async (stripe) => {
      const { data, has_more: hasNextPage } = await stripe.invoices.list(params).catch((error: unknown) => {
        throw isMissing(error) && stripeFailureOf(error)?.param === 'starting_after' ? unknownCursor() : error;
      });
      const lines = await Promise.all(data.map((invoice) => linesOf(stripe, invoice)));
      return { items: data.map((invoice, index) => invoiceOf(invoice, lines[index] ?? [])), hasNextPage };
    });
  };

/** Stripe sends the first ten along. */
async function linesOf(stripe: Stripe, { id, lines }: Stripe.Invoice): Promise<readonly Stripe.InvoiceLineItem[]> {
  return lines.has_more ? (await stripe.invoices.listLineItems(id, { limit: maxLines })).data : lines.data;
}

const invoiceOf = (invoice: Stripe.Invoice, lines: readonly Stripe.InvoiceLineItem[]): InvoiceRecord => ({
  id: invoice.id,
  number: invoice.number,
  status: (invoice.status ?? 'draft') as InvoiceRecord['status'],
  currency: invoice.currency,
  total: invoice.total,
  amountDue: invoice.amount_due,
  amountPaid: invoice.amount_paid,
  lines: lines.map(amountLineOf),
  url: invoice.hosted_invoice_url ?? null,
  createdAt: new Date(invoice.created * 1_000),
});

export const amountLineOf = ({ description, amount }: Stripe.InvoiceLineItem): AmountLine => ({
  description: description ?? '',
  amount,
});

const unknownCursor = () =>
  new ApiError('INVALID_INPUT', 'The input is not valid.', {
    problems: [{ path: ['after'], message: 'must be a cursor of this list' }],
  });
