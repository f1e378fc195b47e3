import type { PlanChangePreviewFragment, PriceFragment } from '../../generated.ts';
import type { ActionState } from '../billing/action.ts';
import { Failure } from './failure.tsx';
import type { Format } from './format.ts';
import type { PlanChangeLabels } from './labels.ts';
import { periodOf } from './price.ts';
import { Skeleton } from './skeleton.tsx';

export interface PlanChangePreviewProps {
  readonly price: PriceFragment;
  readonly state: ActionState;
  readonly preview: PlanChangePreviewFragment | undefined;
  readonly words: PlanChangeLabels;
  readonly format: Format;
  readonly onRetry: () => void;
}

/** What is paid now, what for, and what is paid from then on. */
export function PlanChangePreview({ price, state, preview, words, format, onRetry }: PlanChangePreviewProps) {
  if (state.error) return <Failure error={state.error} words={words} onRetry={onRetry} />;
  const isKnown = state.status === 'done' && preview;
  return (
    <div className="bos-preview" aria-live="polite" aria-busy={!isKnown}>
      {isKnown ? <Amounts {...{ price, preview, words, format }} /> : <Skeleton lines={5} />}
    </div>
  );
}

type AmountsProps = Omit<PlanChangePreviewProps, 'state' | 'onRetry' | 'preview'> & {
  readonly preview: PlanChangePreviewFragment;
};

function Amounts({ price, preview, words, format }: AmountsProps) {
  const { currency, lines, amountDueNow, recurringAmount, nextInvoiceAt } = preview;
  return (
    <dl className="bos-amounts">
      {lines.map(({ description, amount }, position) => (
        <div key={position}>
          <dt>{description}</dt>
          <dd>{format.money(amount, currency)}</dd>
        </div>
      ))}
      <div className="bos-total">
        <dt>{amountDueNow < 0 ? words.changeCredit : words.changeDueNow}</dt>
        <dd>{format.money(Math.abs(amountDueNow), currency)}</dd>
      </div>
      <div>
        <dt>{words.changeThen}</dt>
        <dd>
          {format.money(recurringAmount, currency)} {periodOf(price, words, format)}
        </dd>
      </div>
      {nextInvoiceAt !== null && (
        <div>
          <dt>{words.changeNextInvoice}</dt>
          <dd>{format.date(nextInvoiceAt)}</dd>
        </div>
      )}
    </dl>
  );
}
