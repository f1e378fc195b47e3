import { useUsage } from '../billing/use-usage.ts';
import { Failure } from './failure.tsx';
import { useFormat } from './format.ts';
import { commonLabels, usageLabels, type UsageMeterLabels } from './labels.ts';
import { Skeleton } from './skeleton.tsx';
import { UsageBar } from './usage-bar.tsx';

export interface UsageMeterProps {
  /** The key of a feature that is a quota. */
  readonly feature: string;
  readonly labels?: Partial<UsageMeterLabels> | undefined;
  readonly locale?: string | undefined;
  readonly className?: string | undefined;
}

/** How much of one quota is used in the period that is under way. */
export function UsageMeter({ feature, labels, locale, className = '' }: UsageMeterProps) {
  const words = { ...commonLabels, ...usageLabels, ...labels };
  const format = useFormat(locale);
  const { status, usage, error, refetch } = useUsage(feature);
  return (
    <div className={`bos bos-usage-meter ${className}`.trim()} aria-busy={status === 'loading'}>
      {usage && <UsageBar {...{ usage, words, format }} />}
      {status === 'loading' && <Skeleton lines={3} />}
      {error && <Failure error={error} words={words} onRetry={refetch} />}
    </div>
  );
}
