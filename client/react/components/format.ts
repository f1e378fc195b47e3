import { useMemo } from 'react';
import type { PriceFragment } from '../../generated.ts';

type Recurring = NonNullable<PriceFragment['recurring']>;

/** What a locale makes of numbers; without one it is the browser’s. */
export interface Format {
  readonly number: (value: number) => string;
  /** @param minorUnits a whole number, or a decimal one as the API writes it: exact below a minor unit. */
  readonly money: (minorUnits: number | string, currency: string) => string;
  /** The same for a sign on the shelf: without zeros behind the point. */
  readonly tag: (minorUnits: number | string, currency: string) => string;
  readonly date: (iso: string) => string;
  /** @param month 1–12. */
  readonly month: (year: number, month: number) => string;
  /** `3 months`. */
  readonly period: (recurring: Recurring) => string;
}

const mostFractionDigits = 20;
const fractionOf = (minorUnits: number | string) => String(minorUnits).split('.')[1]?.replace(/0+$/, '') ?? '';

function createFormat(locale: string | undefined): Format {
  function money(minorUnits: number | string, currency: string, more: Intl.NumberFormatOptions = {}): string {
    const style = { style: 'currency', currency, ...more } as const;
    // How many digits a currency has is known to Intl alone: none for JPY, three for KWD.
    const { maximumFractionDigits: digits = 0 } = new Intl.NumberFormat(locale, style).resolvedOptions();
    const maximumFractionDigits = Math.min(digits + fractionOf(minorUnits).length, mostFractionDigits);
    return new Intl.NumberFormat(locale, { ...style, maximumFractionDigits }).format(Number(minorUnits) / 10 ** digits);
  }

  return {
    number: (value) => new Intl.NumberFormat(locale).format(value),
    money: (minorUnits, currency) => money(minorUnits, currency),
    tag: (minorUnits, currency) => money(minorUnits, currency, { trailingZeroDisplay: 'stripIfInteger' }),
    date: (iso) => new Intl.DateTimeFormat(locale, { dateStyle: 'medium' }).format(new Date(iso)),
    month: (year, month) =>
      new Intl.DateTimeFormat(locale, { month: '2-digit', year: 'numeric' }).format(new Date(year, month - 1)),
    period: ({ interval, intervalCount }) =>
      new Intl.NumberFormat(locale, { style: 'unit', unit: interval.toLowerCase(), unitDisplay: 'long' }).format(
        intervalCount,
      ),
  };
}

export const useFormat = (locale: string | undefined): Format => useMemo(() => createFormat(locale), [locale]);
