import type { Stripe } from 'stripe';
import type { Payments } from '../payments.ts';
import type { Ask } from './ask.ts';
import { isMissing } from './failure.ts';
import { type AnsweredSubscription, ended, hasEnded, type SubscriptionsAtStripe } from './subscription.ts';

interface CancellationsOptions {
  readonly ask: Ask;
  readonly subscriptions: SubscriptionsAtStripe;
}

/** The end of a subscription, and its taking back. What is so already is kept as it is. */
export function createCancellations({ ask, subscriptions }: CancellationsOptions): Pick<Payments, 'cancel' | 'resume'> {
  return {
    async cancel(owner, running, at) {
      const found = await subscriptions.read(owner, running);
      const isDone = hasEnded(found) || (at === 'periodEnd' && found.cancel_at_period_end);
      const change = at === 'now' ? cancelNow : endWithPeriod;
      const answered = isDone ? found : await ask(owner, 'Subscriptions: write', (stripe) => change(stripe, found.id));
      await subscriptions.keep(owner, answered);
    },

    async resume(owner, running) {
      const found = await subscriptions.read(owner, running);
      const isDone = hasEnded(found) || !found.cancel_at_period_end;
      const answered = isDone ? found : await ask(owner, 'Subscriptions: write', (stripe) => goOn(stripe, found.id));
      await subscriptions.keep(owner, answered);
      if (hasEnded(answered)) throw ended();
    },
  };
}

/** One that was canceled meanwhile is not there any more for Stripe, unless it is read. */
const cancelNow = (stripe: Stripe, id: string): Promise<AnsweredSubscription> =>
  stripe.subscriptions.cancel(id).catch((error: unknown) => {
    if (isMissing(error)) return stripe.subscriptions.retrieve(id);
    throw error;
  });

const endWithPeriod = (stripe: Stripe, id: string) => stripe.subscriptions.update(id, { cancel_at_period_end: true });

const goOn = (stripe: Stripe, id: string) => stripe.subscriptions.update(id, { cancel_at_period_end: false });
