import type { Sample, Series } from './comparison.ts';

export interface Contender extends Pick<Series, 'name' | 'does'> {
  /** Brings caches and compilers to where they stay; what it measures is thrown away. */
  warmUp?(): Promise<unknown>;
  measure(): Promise<Sample>;
}

/** Measures A B A B …, so that what the machine does beside hits all contenders alike. */
export async function takeRounds(
  rounds: number,
  contenders: readonly [Contender, ...Contender[]],
): Promise<[Series, ...Series[]]> {
  for (const contender of contenders) await contender.warmUp?.();
  const toSeries = ({ name, does }: Contender) => ({ name, does, samples: [] as Sample[] });
  const [floor, ...others] = contenders;
  const series: [ReturnType<typeof toSeries>, ...ReturnType<typeof toSeries>[]] = [
    toSeries(floor),
    ...others.map(toSeries),
  ];
  for (let round = 0; round < rounds; round++) {
    for (const [index, contender] of contenders.entries()) series[index]?.samples.push(await contender.measure());
  }
  return series;
}
