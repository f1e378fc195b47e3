import type { Sample, Series } from './comparison.ts';

export interface Contender extends Pick<Series, 'name' | 'does'> {
  /** Brings caches and compilers to where they stay; what it measures is thrown away. */
  warmUp?(): Promise<unknown>;
  measure(): Promise<Sample>;
}

type SeriesOf<Contenders extends readonly Contender[]> = { readonly [Index in keyof Contenders]: Series };

/**
 * Measures A B C, B C A, C A B …: what the machine does beside hits all contenders alike, and each comes after each, whatever
 * that one leaves to be done. The first round is in the order given. One series for each contender.
 */
export async function takeRounds<const Contenders extends readonly Contender[]>(
  rounds: number,
  contenders: Contenders,
): Promise<SeriesOf<Contenders>> {
  for (const contender of contenders) await contender.warmUp?.();
  const taken = contenders.map(({ name, does }) => ({ name, does, samples: [] as Sample[] }));
  for (let round = 0; round < rounds; round++) {
    for (const turn of contenders.keys()) {
      const index = (round + turn) % contenders.length;
      const sample = await contenders[index]?.measure();
      if (sample) taken[index]?.samples.push(sample);
    }
  }
  return taken as unknown as SeriesOf<Contenders>;
}
