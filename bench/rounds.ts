import type { Sample, Series } from './comparison.ts';

export interface Contender extends Pick<Series, 'name' | 'does'> {
  /** Brings caches and compilers to where they stay; what it measures is thrown away. */
  warmUp?(): Promise<unknown>;
  measure(): Promise<Sample>;
}

type SeriesOf<Contenders extends readonly Contender[]> = { readonly [Index in keyof Contenders]: Series };

/** Measures A B A B …, so that what the machine does beside hits all contenders alike. One series for each of them. */
export async function takeRounds<const Contenders extends readonly Contender[]>(
  rounds: number,
  contenders: Contenders,
): Promise<SeriesOf<Contenders>> {
  for (const contender of contenders) await contender.warmUp?.();
  const taken = contenders.map(({ name, does }) => ({ name, does, samples: [] as Sample[] }));
  for (let round = 0; round < rounds; round++) {
    for (const [index, contender] of contenders.entries()) taken[index]?.samples.push(await contender.measure());
  }
  return taken as unknown as SeriesOf<Contenders>;
}
