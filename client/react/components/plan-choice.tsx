import { useId } from 'react';
import type { Format } from './format.ts';
import type { PlanChangeLabels } from './labels.ts';
import type { Plan } from './offer.ts';
import { priceOf } from './price.ts';

export interface PlanChoiceProps {
  readonly plans: readonly Plan[];
  readonly chosen: Plan | undefined;
  readonly currentPrice: string | undefined;
  readonly words: PlanChangeLabels;
  readonly format: Format;
  readonly onChoose: (plan: Plan) => void;
}

/** The plans that can be changed to; the current one is shown, and cannot be chosen. */
export function PlanChoice({ plans, chosen, currentPrice, words, format, onChoose }: PlanChoiceProps) {
  const name = useId();
  return (
    <fieldset className="bos-choices">
      <legend className="bos-hidden">{words.choosePlan}</legend>
      {plans.map((plan) => {
        const isCurrent = plan.price.key === currentPrice;
        return (
          <label key={plan.price.key} className="bos-choice">
            <input
              type="radio"
              name={name}
              checked={plan.price.key === chosen?.price.key}
              disabled={isCurrent}
              onChange={() => onChoose(plan)}
            />
            <span className="bos-choice-name">{plan.product.name}</span>
            {isCurrent && <span className="bos-badge">{words.changeCurrent}</span>}
            <span className="bos-choice-detail">{priceOf(plan.price, words, format)}</span>
          </label>
        );
      })}
    </fieldset>
  );
}
