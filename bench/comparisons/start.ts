import { join } from 'node:path';
import type { Comparison } from '../comparison.ts';
import type { Effort } from '../effort.ts';
import type { Child } from '../processes/child.ts';
import { startProgram } from '../processes/program.ts';
import { startService } from '../processes/service.ts';
import { takeRounds } from '../rounds.ts';

/** From the start of the process until it serves. */
export async function compareStart(parent: string, { startRounds }: Effort): Promise<Comparison[]> {
  let directory = parent;
  const series = await takeRounds(startRounds, [
    {
      name: 'bare node:http',
      does: 'A `node:http` server that answers `{}`: until it listens.',
      measure: () => readyAfter(startProgram('floors/quiet')),
    },
    {
      name: 'first start',
      does: 'Our server on an empty data directory: makes the database (initdb), the tables, a merchant, the keys.',
      measure: () => {
        directory = join(parent, `start-${performance.now()}`);
        return readyAfter(startService({ directory }));
      },
    },
    {
      name: 'later start',
      does: 'The same data directory again, after an orderly stop.',
      measure: () => readyAfter(startService({ directory })),
    },
  ]);
  return [{ title: 'start until ready', unit: 'ms', better: 'less', series }];
}

async function readyAfter(starting: Promise<Child>) {
  const child = await starting;
  await child.stop();
  return { value: child.readyAfterMs };
}
