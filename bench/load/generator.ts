import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LoadJob, LoadReport } from './job.ts';

/** The load generator, in a process of its own. */
export interface Generator {
  /** Throws when a single answer was wrong: figures of failures are no figures. */
  run(job: LoadJob): Promise<Omit<LoadReport, 'failures'>>;
  stop(): void;
}

export function startGenerator(): Generator {
  const child = fork(fileURLToPath(new URL('load-process.js', import.meta.url)));
  const ended = once(child, 'exit').then((): never => {
    throw new Error('the load generator ended');
  });
  // Whoever runs a job learns of it; after `stop` nobody needs to.
  ended.catch(() => undefined);
  return {
    async run(job) {
      child.send(job);
      const [{ failures, ...report }] = (await Promise.race([once(child, 'message'), ended])) as [LoadReport];
      if (failures > 0) throw new Error(`${job.url} gave ${failures} answers that failed or lack ${job.expected}`);
      return report;
    },
    stop: () => child.disconnect(),
  };
}
