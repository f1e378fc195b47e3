import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Sample } from '../comparison.ts';
import type { LoadJob, LoadReport } from './job.ts';

/** The load generator, in a process of its own. */
export interface Generator {
  /** Throws when a single answer was wrong: figures of failures are no figures. */
  run(job: LoadJob): Promise<Sample>;
  stop(): void;
}

export function startGenerator(): Generator {
  const child = fork(fileURLToPath(new URL('load-process.js', import.meta.url)));
  return {
    async run(job) {
      child.send(job);
      const [report] = (await once(child, 'message')) as [LoadReport];
      const { requestsPerSecond, failures, medianMs, p99Ms, generatorBusy } = report;
      if (failures > 0) throw new Error(`${job.url} gave ${failures} answers that failed or lack ${job.expected}`);
      return { value: requestsPerSecond, details: { medianMs, p99Ms, generatorBusy } };
    },
    stop: () => child.disconnect(),
  };
}
