import { median } from './spread.ts';

/** One figure of several contenders, taken in the same rounds: in each round every contender once, one after the other. */
export interface Comparison {
  readonly title: string;
  readonly unit: 'requests/s' | 'µs' | 'ms' | 'MiB' | 'bytes';
  readonly better: 'more' | 'less';
  /** The first is the floor: the others are divided by it, round by round. */
  readonly series: readonly [Series, ...Series[]];
}

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

/** One contender beside the floor. */
export interface Row {
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

export function rowsOf({ title, unit, better, series: [floor, ...others] }: Comparison): Row[] {
  const floorValues = floor.samples.map(({ value }) => value);
  return others.map(({ name, samples }) => {
    const ratios = samples.map(({ value }, round) => value / (floorValues[round] ?? Number.NaN));
    return {
      title,
      unit,
      better,
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
