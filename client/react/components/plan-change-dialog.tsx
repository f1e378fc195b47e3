import { useEffect, useState } from 'react';
import { usePlanChange } from '../billing/use-plan-change.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { Failure } from './failure.tsx';
import type { Format } from './format.ts';
import { fill, type PlanChangeLabels } from './labels.ts';
import type { Plan } from './offer.ts';
import { PlanChangePreview } from './plan-change-preview.tsx';
import { PlanChoice } from './plan-choice.tsx';

export interface PlanChangeDialogProps {
  /** One: it is asked for at once. Several: the customer chooses. */
  readonly plans: readonly Plan[];
  readonly currentPrice: string | undefined;
  readonly quantity: number;
  readonly words: PlanChangeLabels;
  readonly format: Format;
  readonly onChanged: (message: string) => void;
  readonly onClose: () => void;
}

/** What a change of plan costs, and the change. */
export function PlanChangeDialog(props: PlanChangeDialogProps) {
  const { plans, currentPrice, quantity, words, format, onChanged, onClose } = props;
  const [chosen, setChosen] = useState(plans.length === 1 ? plans[0] : undefined);
  const { preview, previewState, previewed, change, changeState } = usePlanChange();
  const plan = chosen && { price: chosen.price.key, quantity };
  const priceKey = chosen?.price.key;

  useEffect(() => {
    if (priceKey !== undefined) void preview({ price: priceKey, quantity });
  }, [preview, priceKey, quantity]);

  async function confirm() {
    if (chosen && plan && (await change(plan))) onChanged(fill(words.changed, { plan: chosen.product.name }));
  }

  const isChanging = changeState.status === 'working';
  const isKnown = previewState.status === 'done' && previewed !== undefined;
  const title =
    plans.length === 1 && chosen ? fill(words.changeTitle, { plan: chosen.product.name }) : words.chooseTitle;
  return (
    <Dialog title={title} state={isChanging ? 'busy' : 'ready'} onClose={onClose}>
      {plans.length > 1 && <PlanChoice {...{ plans, chosen, currentPrice, words, format }} onChoose={setChosen} />}
      {chosen && (
        <PlanChangePreview
          price={chosen.price}
          state={previewState}
          preview={previewed}
          onRetry={() => plan && void preview(plan)}
          {...{ words, format }}
        />
      )}
      {changeState.error && <Failure error={changeState.error} words={words} />}
      <div className="bos-actions">
        <Button state={isChanging ? 'off' : 'ready'} onClick={onClose}>
          {words.back}
        </Button>
        <Button kind="primary" state={isChanging ? 'busy' : isKnown ? 'ready' : 'off'} onClick={() => void confirm()}>
          {words.changeConfirm}
        </Button>
      </div>
    </Dialog>
  );
}
