import { useState } from 'react';
import { useCancellation } from '../billing/use-cancellation.ts';
import { useSubscription } from '../billing/use-subscription.ts';
import { Button } from './button.tsx';
import { CancelDialog } from './cancel-dialog.tsx';
import { Failure } from './failure.tsx';
import { runningOf } from './offer.ts';
import { PlanPicker } from './plan-picker.tsx';
import { PlanSummary } from './plan-summary.tsx';
import { Section, type SectionProps } from './section.tsx';

/** The plan that runs: what it costs, until when, and what can be done about it. */
export function PlanSection({ pricingUrl, words, format }: SectionProps) {
  const answer = useSubscription();
  const { cancel, cancelState, resume, resumeState } = useCancellation();
  const [open, setOpen] = useState<'change' | 'cancel'>();
  const [message, setMessage] = useState('');
  const running = runningOf(answer.subscription);

  const close = () => setOpen(undefined);
  function report(text: string) {
    setMessage(text);
    close();
  }
  async function goOn() {
    if (await resume()) report(words.resumed);
  }

  return (
    <Section part="plan" title={words.plan} words={words} answer={answer} lines={4}>
      {running ? (
        <>
          <PlanSummary subscription={running} {...{ words, format }} />
          <div className="bos-actions bos-actions-start">
            <Button onClick={() => setOpen('change')}>{words.changePlan}</Button>
            {/* One button with two texts: it keeps the focus. */}
            <Button
              kind="link"
              state={resumeState.status === 'working' ? 'busy' : 'ready'}
              onClick={() => (running.cancelAtPeriodEnd ? void goOn() : setOpen('cancel'))}
            >
              {running.cancelAtPeriodEnd ? words.resumePlan : words.cancelPlan}
            </Button>
          </div>
          {resumeState.error && <Failure error={resumeState.error} words={words} />}
        </>
      ) : (
        <p className="bos-empty">
          {words.noPlan}{' '}
          {pricingUrl !== undefined && (
            <a className="bos-link" href={pricingUrl}>
              {words.seePlans}
            </a>
          )}
        </p>
      )}
      <p role="status" className="bos-result">
        {message}
      </p>
      {open === 'change' && running && (
        <PlanPicker subscription={running} onChanged={report} onClose={close} {...{ words, format }} />
      )}
      {open === 'cancel' && running && (
        <CancelDialog
          periodEnd={running.currentPeriodEnd}
          state={cancelState}
          onConfirm={async (at) => {
            if (await cancel(at)) report(words.canceled);
          }}
          onClose={close}
          {...{ words, format }}
        />
      )}
    </Section>
  );
}
