import { median } from './spread.ts';

/** One figure of several contenders, taken in the same rounds: in each round every contender once, one after the other. */
export interface Comparison {
  readonly title: string;
  readonly unit: 'requests/s' | 'requests/s of CPU' | 'µs' | 'ms' | 'MiB' | 'bytes';
  readonly better: 'more' | 'less';
  /** The first is what the others are divided by, round by round: a floor, or a peer. */
  readonly series: readonly [Series, ...Series[]];
  /** What each of the others should reach. */
  readonly bar?: Bar;
  /** Its line in the README, which shows a few rows only: of several others, the last. */
  readonly headline?: string;
}

/** Set before measuring, and not moved after. */
export type Bar = { readonly of: 'ratio' | 'value' } & ({ readonly atLeast: number } | { readonly atMost: number });

export interface Series {
  readonly name: string;
  /** What exactly was measured, in one sentence. */
  readonly does: string;
  /** One a round. */
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly value: number;
  /** What else was seen in this round; units in the names. */
  readonly details?: Readonly<Record<string, number>>;
}

/** One contender beside another. */
export interface Row extends Pick<Comparison, 'bar' | 'headline'> {
  readonly title: string;
  readonly unit: Comparison['unit'];
  readonly better: Comparison['better'];
  readonly name: string;
  readonly value: number;
  readonly floorName: string;
  readonly floor: number;
  /** The median of the rounds' ratios. */
  readonly ratio: number;
  readonly smallestRatio: number;
  readonly largestRatio: number;
}

export function rowsOf({ title, unit, better, bar, headline, series: [floor, ...others] }: Comparison): Row[] {
  const floorValues = floor.samples.map(({ value }) => value);
  return others.map(({ name, samples }, index) => {
    const ratios = samples.map(({ value }, round) => value / (floorValues[round] ?? Number.NaN));
    return {
      title,
      unit,
      better,
      ...(bar && { bar }),
      ...(headline !== undefined && index === others.length - 1 && { headline }),
      name,
      value: median(samples.map(({ value }) => value)),
      floorName: floor.name,
      floor: median(floorValues),
      ratio: median(ratios),
      smallestRatio: Math.min(...ratios),
      largestRatio: Math.max(...ratios),
    };
  });
}

/** Whether the row reaches its bar, judged by medians; `undefined` when none was set. */
export function isMet({ bar, ratio, value }: Row): boolean | undefined {
  if (!bar) return undefined;
  const reached = bar.of === 'ratio' ? ratio : value;
  return 'atLeast' in bar ? reached >= bar.atLeast : reached <= bar.atMost;
}
