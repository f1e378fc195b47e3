import type { PriceFragment, RecurringInterval } from '../../generated.ts';
import type { Format } from './format.ts';
import { fill, type PriceLabels } from './labels.ts';

const everyOne: Readonly<Record<RecurringInterval, 'perDay' | 'perWeek' | 'perMonth' | 'perYear'>> = {
  DAY: 'perDay',
  WEEK: 'perWeek',
  MONTH: 'perMonth',
  YEAR: 'perYear',
};

/** `per month`, or `every 3 months`. */
export function everyOf(
  recurring: NonNullable<PriceFragment['recurring']>,
  words: PriceLabels,
  format: Format,
): string {
  if (recurring.intervalCount === 1) return words[everyOne[recurring.interval]];
  return fill(words.perPeriod, { period: format.period(recurring) });
}

export const periodOf = ({ recurring }: PriceFragment, words: PriceLabels, format: Format): string =>
  recurring ? everyOf(recurring, words, format) : words.once;

/** What one costs, or where the tiers begin. */
export function amountOf(price: PriceFragment, words: PriceLabels, format: Format): string {
  const { currency, unitAmount, unitAmountDecimal, tiers } = price;
  const [first] = tiers;
  if (first) {
    const begin = Number(first.flatAmount ?? 0) + Number(first.unitAmount ?? 0);
    return fill(words.from, { amount: format.tag(begin, currency) });
  }
  const exact = unitAmount ?? unitAmountDecimal;
  return exact === null ? words.custom : format.tag(exact, currency);
}

/** `$10 per month`. */
export const priceOf = (price: PriceFragment, words: PriceLabels, format: Format): string =>
  `${amountOf(price, words, format)} ${periodOf(price, words, format)}`;

const cost = ({ flatAmount, unitAmount }: PriceFragment['tiers'][number], count: number) =>
  Number(flatAmount ?? 0) + Number(unitAmount ?? 0) * count;

/** What so many cost by their tiers, in minor units. */
export function tieredTotalOf({ tiers, tiersMode }: PriceFragment, quantity: number): number {
  const whole = tiers.find(({ upTo }) => upTo === null || quantity <= upTo);
  if (tiersMode === 'VOLUME') return whole ? cost(whole, quantity) : 0;
  let from = 0;
  let sum = 0;
  for (const tier of tiers) {
    if (quantity <= from) break;
    const to = Math.min(quantity, tier.upTo ?? quantity);
    sum += cost(tier, to - from);
    from = to;
  }
  return sum;
}

export interface TierLine {
  /** `11–20`. */
  readonly range: string;
  /** `$4 each + $10 flat`. */
  readonly cost: string;
}

export function tierLinesOf({ tiers, currency }: PriceFragment, words: PriceLabels, format: Format): TierLine[] {
  return tiers.map(({ upTo, unitAmount, flatAmount }, position) => {
    const first = format.number((tiers[position - 1]?.upTo ?? 0) + 1);
    const range =
      upTo === null ? fill(words.tierRest, { first }) : fill(words.tierRange, { first, last: format.number(upTo) });
    const flat = flatAmount !== null && fill(words.tierFlat, { amount: format.money(flatAmount, currency) });
    const unit = unitAmount !== null && fill(words.tierUnit, { amount: format.money(unitAmount, currency) });
    return { range, cost: [unit, flat].filter(Boolean).join(' + ') };
  });
}
