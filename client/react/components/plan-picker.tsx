import type { SubscriptionFragment } from '../../generated.ts';
import { useProducts } from '../billing/use-products.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { Failure } from './failure.tsx';
import type { Format } from './format.ts';
import type { CustomerPortalLabels } from './labels.ts';
import { plansOf } from './offer.ts';
import { PlanChangeDialog } from './plan-change-dialog.tsx';
import { Skeleton } from './skeleton.tsx';

export interface PlanPickerProps {
  readonly subscription: SubscriptionFragment;
  readonly words: CustomerPortalLabels;
  readonly format: Format;
  readonly onChanged: (message: string) => void;
  readonly onClose: () => void;
}

/** Asks what is for sale, then which of it the customer wants instead. */
export function PlanPicker({ subscription, words, format, onChanged, onClose }: PlanPickerProps) {
  const { products, error, refetch } = useProducts();
  const [current] = subscription.items;
  if (products) {
    return (
      <PlanChangeDialog
        plans={plansOf(products)}
        currentPrice={current?.price?.key}
        quantity={current?.quantity ?? 1}
        {...{ words, format, onChanged, onClose }}
      />
    );
  }
  return (
    <Dialog title={words.chooseTitle} state="ready" onClose={onClose}>
      {error ? <Failure error={error} words={words} onRetry={refetch} /> : <Skeleton lines={5} />}
      <div className="bos-actions">
        <Button onClick={onClose}>{words.back}</Button>
      </div>
    </Dialog>
  );
}
