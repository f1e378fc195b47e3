import {
  CurrentSubscriptionDocument,
  type CurrentSubscriptionQuery,
  type SubscriptionFragment,
} from '../../generated.ts';
import { none, useAnswer, type Answer } from './answer.ts';

export type UseSubscription = Answer<{ subscription: SubscriptionFragment | null }>;

const valuesOf = ({ viewer: { subscription } }: CurrentSubscriptionQuery) => ({ subscription });

/** The subscription that counts: one that runs before one that ended; `null` when there never was any. Needs READ_SUBSCRIPTION. */
export const useSubscription = (): UseSubscription =>
  useAnswer('subscription', CurrentSubscriptionDocument, none, valuesOf);
