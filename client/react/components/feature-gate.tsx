import type { ReactNode } from 'react';
import { useFeature } from '../billing/use-feature.ts';

export interface FeatureGateProps {
  /** The key of the feature. */
  readonly feature: string;
  /** Shown when the customer does not have it, and when nobody can say. */
  readonly fallback?: ReactNode;
  /** Shown until it is known; nothing when left out. */
  readonly loadingFallback?: ReactNode;
  readonly children?: ReactNode;
}

/** Shows its children to customers who have a feature. What must not be had without it, your server refuses. */
export function FeatureGate({ feature, fallback, loadingFallback, children }: FeatureGateProps) {
  const { status, granted } = useFeature(feature);
  if (granted) return children;
  return status === 'loading' ? loadingFallback : fallback;
}
