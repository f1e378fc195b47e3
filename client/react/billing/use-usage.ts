import { useMemo } from 'react';
import { FeatureUsageDocument, type FeatureUsageQuery, type UsageFragment } from '../../generated.ts';
import { useAnswer, type Answer } from './answer.ts';

export type UseUsage = Answer<{ usage: UsageFragment }>;

const valuesOf = ({ viewer: { usage } }: FeatureUsageQuery) => ({ usage });

/** What was used of a quota in the period that is under way. Needs READ_USAGE. */
export function useUsage(featureKey: string): UseUsage {
  const variables = useMemo(() => ({ featureKey }), [featureKey]);
  return useAnswer('usage', FeatureUsageDocument, variables, valuesOf);
}
