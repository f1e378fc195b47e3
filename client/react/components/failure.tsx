import type { BillingOSError, BillingOSErrorCode } from '../../errors.ts';
import { Button } from './button.tsx';
import type { CommonLabels } from './labels.ts';

const labelByCode: Partial<Record<BillingOSErrorCode, keyof CommonLabels>> = {
  SIGNED_OUT: 'errorSignedOut',
  FORBIDDEN: 'errorForbidden',
  PAYMENT_FAILED: 'errorPaymentFailed',
  CONFLICT: 'errorConflict',
  RATE_LIMITED: 'errorRateLimited',
  NETWORK_ERROR: 'errorNetwork',
};

export interface FailureProps {
  readonly error: BillingOSError;
  readonly words: CommonLabels;
  /** Left out where the button that failed is still there. */
  readonly onRetry?: (() => void) | undefined;
}

/** What went wrong, in words for customers. */
export function Failure({ error, words, onRetry }: FailureProps) {
  return (
    <div role="alert" className="bos-failure">
      <p>{words[labelByCode[error.code] ?? 'errorOther']}</p>
      {onRetry && <Button onClick={onRetry}>{words.retry}</Button>}
    </div>
  );
}
