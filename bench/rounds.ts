import type { Sample, Series } from './comparison.ts';

export interface Contender extends Pick<Series, 'name' | 'does'> {
  /** Brings caches and compilers to where they stay; what it measures is thrown away. */
  warmUp?(): Promise<unknown>;
  measure(): Promise<Sample>;
}

type SeriesOf<Contenders extends readonly Contender[]> = { readonly [Index in keyof Contenders]: Series };

/**
 * Measures all contenders again and again, so that what the machine does beside hits them alike, and each time in another
 * order, because each leaves some work to the next: garbage, dead rows. One series for each contender.
 */
export async function takeRounds<const Contenders extends readonly Contender[]>(
  rounds: number,
  contenders: Contenders,
): Promise<SeriesOf<Contenders>> {
  for (const contender of contenders) await contender.warmUp?.();
  const taken = contenders.map(({ name, does }) => ({ name, does, samples: [] as Sample[] }));
  for (let round = 0; round < rounds; round++) {
    for (const index of orderOf(round, contenders.length)) {
      const sample = await contenders[index]?.measure();
      if (!sample) throw new RangeError(`there is no contender ${index}`);
      taken[index]?.samples.push(sample);
    }
  }
  return taken as unknown as SeriesOf<Contenders>;
}

/**
 * The places of `count` contenders in a round. Within `count` rounds, or twice as many when they are odd, each is first as
 * often as any other, and comes after each as often as after any other (E. J. Williams, 1949: designs balanced for what came
 * before).
 */
function orderOf(round: number, count: number): number[] {
  const zigzag = Array.from({ length: count }, (_none, at) => (at % 2 === 0 ? count - at / 2 : (at + 1) / 2));
  const order = zigzag.map((place) => (place + round) % count);
  return Math.floor(round / count) % 2 === 0 ? order : order.toReversed();
}
