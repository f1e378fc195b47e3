import type { Sample } from '../comparison.ts';
import { cpuSecondsOf } from '../processes/cpu.ts';
import type { Contender } from '../rounds.ts';
import type { Generator } from './generator.ts';
import type { LoadJob } from './job.ts';

const warmUpSeconds = 3;
const sampleSeconds = 2;
export const loadRounds = 7;

interface LoadedOptions extends Pick<Contender, 'name' | 'does'>, Omit<LoadJob, 'seconds'> {
  /** The process that answers. */
  readonly pid: number;
}

/** A server under full load, as a contender for requests a second. */
export function loaded(generator: Generator, { name, does, pid, ...job }: LoadedOptions): Contender {
  async function measure(): Promise<Sample> {
    const cpuBefore = await cpuSecondsOf(pid);
    const { requestsPerSecond, requests, ...seen } = await generator.run({ ...job, seconds: sampleSeconds });
    const cpuAfter = await cpuSecondsOf(pid);
    // Hardly depends on what else the machine does, as the rate of requests does.
    const cpu =
      cpuBefore === undefined || cpuAfter === undefined
        ? {}
        : { serverCpuMicrosecondsPerRequest: ((cpuAfter - cpuBefore) * 1_000_000) / requests };
    return { value: requestsPerSecond, details: { ...seen, ...cpu } };
  }
  return { name, does, measure, warmUp: () => generator.run({ ...job, seconds: warmUpSeconds }) };
}
