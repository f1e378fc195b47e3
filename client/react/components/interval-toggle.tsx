import { useId } from 'react';
import type { RecurringInterval } from '../../generated.ts';
import type { Format } from './format.ts';
import { fill, type PricingTableLabels } from './labels.ts';
import { periodKeyOf, type periodsOf } from './offer.ts';

type Period = ReturnType<typeof periodsOf>[number];

export interface IntervalToggleProps {
  readonly periods: readonly Period[];
  readonly chosen: string | undefined;
  readonly words: PricingTableLabels;
  readonly format: Format;
  readonly onChoose: (periodKey: string) => void;
}

const everyOne: Readonly<Record<RecurringInterval, 'daily' | 'weekly' | 'monthly' | 'yearly'>> = {
  DAY: 'daily',
  WEEK: 'weekly',
  MONTH: 'monthly',
  YEAR: 'yearly',
};

/** How often it is paid. */
export function IntervalToggle({ periods, chosen, words, format, onChoose }: IntervalToggleProps) {
  const name = useId();
  const nameOf = (period: Period) =>
    period.intervalCount === 1
      ? words[everyOne[period.interval]]
      : fill(words.everyPeriod, { period: format.period(period) });
  return (
    <fieldset className="bos-toggle">
      <legend className="bos-hidden">{words.interval}</legend>
      {periods.map((period) => (
        <label key={periodKeyOf(period)} className="bos-toggle-option">
          <input
            type="radio"
            name={name}
            checked={periodKeyOf(period) === chosen}
            onChange={() => onChoose(periodKeyOf(period))}
          />
          <span>{nameOf(period)}</span>
        </label>
      ))}
    </fieldset>
  );
}
