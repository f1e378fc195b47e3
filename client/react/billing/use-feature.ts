import { useMemo } from 'react';
import { FeatureAccessDocument, type EntitlementFragment, type FeatureAccessQuery } from '../../generated.ts';
import { useAnswer, type Answer } from './answer.ts';

export type UseFeature = Answer<{ entitlement: EntitlementFragment }> & {
  /** `false` also for as long as nobody knows. For what is shown: your server asks for itself. */
  readonly granted: boolean;
};

const valuesOf = ({ viewer: { feature } }: FeatureAccessQuery) => ({ entitlement: feature });

/** Whether the customer has a feature, and how much of it. Fails with NOT_FOUND when there is none of that key. Needs READ_ENTITLEMENTS. */
export function useFeature(key: string): UseFeature {
  const variables = useMemo(() => ({ key }), [key]);
  const answer = useAnswer('entitlements', FeatureAccessDocument, variables, valuesOf);
  return useMemo(() => ({ ...answer, granted: answer.entitlement?.granted ?? false }), [answer]);
}
