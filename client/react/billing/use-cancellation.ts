import { useCallback } from 'react';
import {
  CancelSubscriptionDocument,
  ResumeSubscriptionDocument,
  type CancellationMoment,
  type SubscriptionFragment,
} from '../../generated.ts';
import { useBillingOS } from '../context.ts';
import { useAction, type ActionState } from './action.ts';
import { changedByPlan } from './changes.ts';
import { mutate } from './mutate.ts';

export interface UseCancellation {
  /** Ends the subscription with its period, or now: nothing is given back then. `undefined` when it failed. */
  readonly cancel: (at?: CancellationMoment) => Promise<SubscriptionFragment | undefined>;
  readonly cancelState: ActionState;
  /** Takes a cancellation back while the subscription still runs. */
  readonly resume: () => Promise<SubscriptionFragment | undefined>;
  readonly resumeState: ActionState;
}

/** Canceling the subscription, and taking that back. Needs MANAGE_SUBSCRIPTION. */
export function useCancellation(): UseCancellation {
  const { client } = useBillingOS();
  const end = useCallback(
    async (at: CancellationMoment = 'PERIOD_END') =>
      (await mutate(client, CancelSubscriptionDocument, { at }, changedByPlan)).cancelSubscription,
    [client],
  );
  const goOn = useCallback(
    async () => (await mutate(client, ResumeSubscriptionDocument, {}, changedByPlan)).resumeSubscription,
    [client],
  );
  const { state: cancelState, run: cancel } = useAction(end);
  const { state: resumeState, run: resume } = useAction(goOn);
  return { cancel, cancelState, resume, resumeState };
}
