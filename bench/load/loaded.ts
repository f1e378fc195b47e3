import type { Sample } from '../comparison.ts';
import type { Effort } from '../effort.ts';
import { cpuSecondsOf } from '../processes/cpu.ts';
import type { Contender } from '../rounds.ts';
import type { Generator } from './generator.ts';
import type { LoadJob } from './job.ts';

interface LoadedOptions extends Pick<Contender, 'name' | 'does'>, Pick<LoadJob, 'url' | 'requests' | 'expected'> {
  /** The process that answers. */
  readonly pid: number;
}

/** Makes contenders for requests a second: servers under full load. */
export const loadedBy =
  (generator: Generator, { warmUpSeconds, sampleSeconds }: Effort['load']) =>
  ({ name, does, pid, url, requests: asked, expected }: LoadedOptions): Contender => {
    const job = { url, requests: asked, expected };
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
  };
