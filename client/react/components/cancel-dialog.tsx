import { useId, useState } from 'react';
import type { CancellationMoment } from '../../generated.ts';
import type { ActionState } from '../billing/action.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { Failure } from './failure.tsx';
import type { Format } from './format.ts';
import { fill, type CustomerPortalLabels } from './labels.ts';

export interface CancelDialogProps {
  readonly periodEnd: string | null;
  readonly state: ActionState;
  readonly words: CustomerPortalLabels;
  readonly format: Format;
  readonly onConfirm: (at: CancellationMoment) => Promise<void>;
  readonly onClose: () => void;
}

/** Asks when the plan shall end, and whether it shall. */
export function CancelDialog({ periodEnd, state, words, format, onConfirm, onClose }: CancelDialogProps) {
  const name = useId();
  const [at, setAt] = useState<CancellationMoment>('PERIOD_END');
  const isWorking = state.status === 'working';
  const atEndDetail = periodEnd === null ? '' : fill(words.cancelAtPeriodEndDetail, { date: format.date(periodEnd) });
  const moments = [
    { moment: 'PERIOD_END', text: words.cancelAtPeriodEnd, detail: atEndDetail },
    { moment: 'NOW', text: words.cancelNow, detail: words.cancelNowDetail },
  ] as const;
  return (
    <Dialog title={words.cancelTitle} state={isWorking ? 'busy' : 'ready'} onClose={onClose}>
      <fieldset className="bos-choices">
        <legend className="bos-hidden">{words.cancelMoment}</legend>
        {moments.map(({ moment, text, detail }) => (
          <label key={moment} className="bos-choice">
            <input type="radio" name={name} checked={at === moment} onChange={() => setAt(moment)} />
            <span className="bos-choice-name">{text}</span>
            <span className="bos-choice-detail">{detail}</span>
          </label>
        ))}
      </fieldset>
      {state.error && <Failure error={state.error} words={words} />}
      <div className="bos-actions">
        <Button state={isWorking ? 'off' : 'ready'} onClick={onClose}>
          {words.back}
        </Button>
        <Button kind="danger" state={isWorking ? 'busy' : 'ready'} onClick={() => void onConfirm(at)}>
          {words.cancelConfirm}
        </Button>
      </div>
    </Dialog>
  );
}
