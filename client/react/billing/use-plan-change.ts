import { useCallback } from 'react';
import { billingErrorOf } from '../../failure.ts';
import {
  ChangePlanDocument,
  PreviewPlanChangeDocument,
  type PlanChangePreviewFragment,
  type PlanInput,
  type SubscriptionFragment,
} from '../../generated.ts';
import { useBillingOS } from '../context.ts';
import { useAction, type Action, type ActionState } from './action.ts';
import { changedByPlan } from './changes.ts';
import { mutate } from './mutate.ts';

export interface UsePlanChange {
  /** Asks what the change would cost; the last ask counts. */
  readonly preview: (plan: PlanInput) => Promise<PlanChangePreviewFragment | undefined>;
  readonly previewState: ActionState;
  /** What the last preview said. */
  readonly previewed: PlanChangePreviewFragment | undefined;
  /** Changes the plan at once; `undefined` when it failed. The same again changes nothing. */
  readonly change: (plan: PlanInput) => Promise<SubscriptionFragment | undefined>;
  readonly changeState: ActionState;
}

/** A change of plan: what it would cost, and the change itself. Needs MANAGE_SUBSCRIPTION. */
export function usePlanChange(): UsePlanChange {
  const { client } = useBillingOS();
  const ask = useCallback(
    async (input: PlanInput) => {
      const { data, error } = await client.query(PreviewPlanChangeDocument, { input }).toPromise();
      if (error) throw billingErrorOf(error);
      return data?.previewPlanChange;
    },
    [client],
  );
  const act = useCallback(
    async (input: PlanInput) => (await mutate(client, ChangePlanDocument, { input }, changedByPlan)).changePlan,
    [client],
  );
  const previews: Action<[PlanInput], PlanChangePreviewFragment | undefined> = useAction(ask);
  const { state: changeState, run: change } = useAction(act);
  return { preview: previews.run, previewState: previews.state, previewed: previews.result, change, changeState };
}
