import type { Contender } from '../rounds.ts';
import type { Generator } from './generator.ts';
import type { LoadJob } from './job.ts';

const warmUpSeconds = 4;
const sampleSeconds = 2;
export const loadRounds = 7;

/** A server under full load, as a contender for requests a second. */
export const loaded = (
  generator: Generator,
  { name, does, ...job }: Pick<Contender, 'name' | 'does'> & Omit<LoadJob, 'seconds'>,
): Contender => ({
  name,
  does,
  warmUp: () => generator.run({ ...job, seconds: warmUpSeconds }),
  measure: () => generator.run({ ...job, seconds: sampleSeconds }),
});
