import type { Stripe } from 'stripe';
import type { Owner } from '../../../schema/context.ts';
import { ApiError } from '../../../schema/errors.ts';
import type { Clock } from '../../clock.ts';
import type { Database } from '../../database/database.ts';
import { newId } from '../../id.ts';
import type { Logger } from '../../log.ts';
import type { MirroredEvent } from '../../stripe/event.ts';
import { isNewest } from '../../stripe/event-order.ts';
import { mirror, type Mirrored } from '../../stripe/mirror.ts';
import type { RunningSubscription } from '../payments.ts';
import type { Ask } from './ask.ts';

export type AnsweredSubscription = Stripe.Response<Stripe.Subscription>;

export interface SubscriptionsAtStripe {
  /** As it is there now. */
  read(owner: Owner, running: RunningSubscription): Promise<AnsweredSubscription>;
  /** Writes here what Stripe answered, as if it had told by an event: what it told before and comes later changes nothing. */
  keep(owner: Owner, answered: AnsweredSubscription): Promise<void>;
}

interface SubscriptionsAtStripeOptions {
  readonly ask: Ask;
  readonly database: Pick<Database, 'transaction'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
}

export function createSubscriptionsAtStripe(options: SubscriptionsAtStripeOptions): SubscriptionsAtStripe {
  const { ask, database, clock, logger } = options;
  return {
    read: (owner, running) =>
      ask(owner, 'Subscriptions: write', (stripe) => stripe.subscriptions.retrieve(stripeIdOf(running))),

    async keep(owner, answered) {
      const event = eventOf(answered, clock.now());
      const outcome = await database.transaction<Mirrored | undefined>(async (transaction) =>
        (await isNewest(transaction, owner, event)) ? mirror(transaction, owner, event, clock.now()) : undefined,
      );
      if (outcome?.kind === 'unusable')
        logger.warn({ ...owner, ...outcome }, 'a subscription of Stripe cannot be used');
    },
  };
}

export function stripeIdOf({ stripeSubscriptionId }: RunningSubscription): string {
  if (stripeSubscriptionId === null) throw new ApiError('CONFLICT', 'This subscription is not one of Stripe’s.');
  return stripeSubscriptionId;
}

export const hasEnded = ({ status }: Stripe.Subscription) => status === 'canceled' || status === 'incomplete_expired';

export const ended = () => new ApiError('CONFLICT', 'This subscription has ended.');

/** When Stripe answered, by its own clock: its events are dated by that. */
export function answeredAtSeconds({ lastResponse }: AnsweredSubscription, nowMs: number): number {
  const answeredAtMs = Date.parse(lastResponse.headers['date'] ?? '');
  return Math.floor((Number.isNaN(answeredAtMs) ? nowMs : answeredAtMs) / 1_000);
}

const eventOf = (answered: AnsweredSubscription, nowMs: number): MirroredEvent => ({
  id: answered.lastResponse.requestId ?? newId('req', nowMs),
  kind: 'subscription',
  stage: answered.status === 'canceled' ? 'deleted' : 'changed',
  objectId: answered.id,
  createdSeconds: answeredAtSeconds(answered, nowMs),
  object: answered,
});
