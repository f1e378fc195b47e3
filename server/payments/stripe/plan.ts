import type { Stripe } from 'stripe';
import type { PlanChangePreview } from '../../../schema/billing.ts';
import type { Owner } from '../../../schema/context.ts';
import { ApiError } from '../../../schema/errors.ts';
import type { Clock } from '../../clock.ts';
import type { Payments, PriceForSale, RunningItem, RunningSubscription } from '../payments.ts';
import type { Ask } from './ask.ts';
import { isMissing, paymentFailed, stripeFailureOf } from './failure.ts';
import { amountLineOf } from './invoices.ts';
import { stripePriceIdOf } from './price.ts';
import {
  type AnsweredSubscription,
  answeredAtSeconds,
  ended,
  hasEnded,
  type SubscriptionsAtStripe,
} from './subscription.ts';

interface PlansOptions {
  readonly ask: Ask;
  readonly subscriptions: SubscriptionsAtStripe;
  readonly clock: Pick<Clock, 'now'>;
}

const unpaidStatuses: readonly string[] = ['past_due', 'unpaid', 'incomplete'];

type Choice = RunningItem & { readonly price: PriceForSale };

/** A subscription as it is at Stripe, and the one part of it that becomes another. */
interface Change {
  readonly subscription: AnsweredSubscription;
  readonly item: { readonly id: string; readonly price: string; readonly quantity: number };
  /** Whether it is the choice already. */
  readonly isMade: boolean;
}

export function createPlans(options: PlansOptions): Pick<Payments, 'previewChange' | 'changePlan'> {
  const { ask, subscriptions, clock } = options;

  async function changeOf(owner: Owner, running: RunningSubscription, to: Choice): Promise<Change> {
    const price = stripePriceIdOf(to.price);
    const subscription = await subscriptions.read(owner, running);
    if (hasEnded(subscription)) {
      await subscriptions.keep(owner, subscription);
      throw ended();
    }
    const [item, ...others] = subscription.items.data;
    if (!item || others.length > 0) throw new ApiError('CONFLICT', 'This subscription has several parts.');
    return {
      subscription,
      item: { id: item.id, price, quantity: to.quantity },
      isMade: item.price.id === price && item.quantity === to.quantity,
    };
  }

  return {
    async previewChange(owner, running, to) {
      const { subscription, item } = await changeOf(owner, running, to);
      const atSeconds = answeredAtSeconds(subscription, clock.now());
      const preview = (mode: 'next' | 'recurring') =>
        ask(owner, 'Invoices: write', (stripe) =>
          stripe.invoices.createPreview({
            subscription: subscription.id,
            preview_mode: mode,
            subscription_details: {
              items: [item],
              proration_behavior: 'always_invoice',
              ...(mode === 'next' && { proration_date: atSeconds }),
            },
          }),
        );
      const [next, recurring] = await Promise.all([preview('next'), preview('recurring')]);
      return previewOf(subscription, next, recurring, atSeconds);
    },

    async changePlan(owner, running, to) {
      const { subscription, item, isMade } = await changeOf(owner, running, to);
      // What was not paid is not given back.
      if (!isMade && unpaidStatuses.includes(subscription.status)) {
        throw new ApiError('PAYMENT_FAILED', 'An invoice is open: nothing was changed.');
      }
      const answered = isMade
        ? subscription
        : await ask(owner, 'Subscriptions: write', (stripe) => update(stripe, subscription.id, item));
      await subscriptions.keep(owner, answered);
    },
  };
}

/** All or nothing: what cannot be paid is not changed. https://docs.stripe.com/api/subscriptions/update */
const update = (stripe: Stripe, id: string, item: Change['item']) =>
  stripe.subscriptions
    .update(id, { items: [item], proration_behavior: 'always_invoice', payment_behavior: 'error_if_incomplete' })
    .catch((error: unknown) => {
      // It names no parameter: what is missing is a way to pay.
      if (isMissing(error) && stripeFailureOf(error)?.param === undefined) {
        throw paymentFailed({ code: 'resource_missing' });
      }
      throw error;
    });

/** Stripe shows the invoice that would be written at once, and where there is none that of the next period. */
function previewOf(
  { items, trial_end: trialEnd }: Stripe.Subscription,
  next: Stripe.Invoice,
  recurring: Stripe.Invoice,
  atSeconds: number,
): PlanChangePreview {
  const lines = next.lines.data;
  const isDueNow = lines.some(({ period }) => period.start <= atSeconds);
  const ends = isDueNow
    ? lines.map(({ period }) => period.end)
    : [trialEnd ?? 0, ...items.data.map((item) => item.current_period_end)];
  return {
    currency: next.currency,
    amountDueNow: isDueNow ? dueOf(next) : 0,
    lines: isDueNow ? lines.map(amountLineOf) : [],
    recurringAmount: recurring.total,
    nextInvoiceAt: new Date(Math.max(...ends) * 1_000),
  };
}

/** What a customer has to its credit is used up first; what it gets is kept. */
const dueOf = ({ total, amount_due: amountDue }: Stripe.Invoice) => (total < 0 ? total : amountDue);
