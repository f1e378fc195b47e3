import { and, eq, isNull, or } from 'drizzle-orm';
import { z } from 'zod';
import type { Owner } from '../../schema/context.ts';
import type { Transaction } from '../database/database.ts';
import { checkouts, purchases } from '../database/tables.ts';
import { chosenId, metadata } from './fields.ts';

/** Where a checkout session that we had opened says in its metadata which of ours it is. */
export const ownCheckoutField = 'billingos_checkout';

/** A page on which somebody pays, as far as it concerns us. */
const session = z.object({
  id: chosenId,
  mode: z.enum(['payment', 'subscription', 'setup']),
  status: z.enum(['open', 'complete', 'expired']),
  payment_status: z.enum(['paid', 'unpaid', 'no_payment_required']),
  metadata,
});

type Session = z.output<typeof session>;

/** `undefined`: it is no checkout session as Stripe writes it. */
export const sessionOf = (object: unknown): Session | undefined => session.safeParse(object).data;

/**
 * Makes our checkout what Stripe's session is. What is paid once is bought as soon as it is paid, which with some ways to
 * pay is days later; what is subscribed to comes by the events of the subscription.
 *
 * Only the metadata counts: a customer chooses the `client_reference_id` of a payment link.
 *
 * @returns whether it is a checkout of ours.
 */
export async function takeSession(
  transaction: Transaction,
  owner: Owner,
  { id, mode, status, ...paid }: Session,
  createdAt: Date,
): Promise<boolean> {
  const checkoutId = paid.metadata[ownCheckoutField];
  if (checkoutId === undefined) return false;
  const isIt = and(
    eq(checkouts.merchantId, owner.merchantId),
    eq(checkouts.environment, owner.environment),
    eq(checkouts.id, checkoutId),
    or(isNull(checkouts.stripeSessionId), eq(checkouts.stripeSessionId, id)),
  );
  const [checkout] = await transaction.update(checkouts).set({ status, stripeSessionId: id }).where(isIt).returning();
  if (!checkout) return false;
  if (mode === 'payment' && status === 'complete' && paid.payment_status !== 'unpaid') {
    const { merchantId, environment, customerId, priceKey, quantity } = checkout;
    await transaction
      .insert(purchases)
      .values({ merchantId, environment, id: checkoutId, customerId, priceKey, quantity, createdAt })
      .onConflictDoNothing();
  }
  return true;
}
