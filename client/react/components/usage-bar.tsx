import { useId } from 'react';
import type { UsageFragment } from '../../generated.ts';
import type { Format } from './format.ts';
import { fill, type UsageMeterLabels } from './labels.ts';

export interface UsageBarProps {
  readonly usage: UsageFragment;
  readonly words: UsageMeterLabels;
  readonly format: Format;
}

/** How much of a quota is used, as a text and as a bar. */
export function UsageBar({ usage, words, format }: UsageBarProps) {
  const nameId = useId();
  const { feature, used, amount, periodEnd } = usage;
  const text = textOf(usage, words, format);
  const isUsedUp = amount !== null && used >= amount;
  return (
    <div className="bos-usage" data-used-up={isUsedUp || undefined}>
      <div className="bos-usage-head">
        <span id={nameId} className="bos-usage-name">
          {feature.name}
        </span>
        <span>{text}</span>
      </div>
      {amount !== null && (
        <div
          role="meter"
          className="bos-meter"
          aria-labelledby={nameId}
          aria-valuemin={0}
          aria-valuemax={amount}
          aria-valuenow={Math.min(used, amount)}
          aria-valuetext={text}
        >
          <svg className="bos-meter-bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
            <rect width={amount > 0 ? Math.min((used / amount) * 100, 100) : 100} height="1" />
          </svg>
        </div>
      )}
      <p className="bos-muted">
        {isUsedUp && <strong className="bos-used-up">{words.usedUp}</strong>}
        {periodEnd !== null && <span>{fill(words.resets, { date: format.date(periodEnd) })}</span>}
      </p>
    </div>
  );
}

function textOf({ feature, used, amount }: UsageFragment, words: UsageMeterLabels, format: Format): string {
  const values = { used: format.number(used), unit: feature.unit ?? '' };
  const text =
    amount === null
      ? fill(words.usedUnlimited, values)
      : fill(words.used, { ...values, amount: format.number(amount) });
  return text.replaceAll(/ (?=,|$)/g, '');
}
