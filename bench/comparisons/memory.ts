import { setTimeout as delay } from 'node:timers/promises';
import type { Comparison, Sample } from '../comparison.ts';
import type { Effort } from '../effort.ts';
import type { Child } from '../processes/child.ts';
import { startProgram } from '../processes/program.ts';
import { descendantsMib, residentMib } from '../processes/memory.ts';
import { startService } from '../processes/service.ts';

const restMs = 2_000;

/** What the processes hold two seconds after they are ready, before the first request. Nothing where there is no /proc. */
export async function compareMemory(directory: string, { startRounds }: Effort): Promise<Comparison[]> {
  if (process.platform !== 'linux') return [];
  const bare: Sample[] = [];
  const server: Sample[] = [];
  const postgres: Sample[] = [];
  for (let round = 0; round < startRounds; round++) {
    bare.push(...(await atRest(await startProgram('floors/quiet'), [residentMib])));
    const [ours, below] = await atRest(await startService({ directory }), [residentMib, descendantsMib]);
    if (ours && below) {
      server.push(ours);
      postgres.push(below);
    }
  }
  return [
    {
      title: 'memory at rest',
      unit: 'MiB',
      better: 'less',
      series: [
        { name: 'bare node:http', does: 'A `node:http` server that answers `{}`: resident set size.', samples: bare },
        { name: 'server', does: 'Our server’s process: resident set size.', samples: server },
        {
          name: 'PostgreSQL',
          does: 'All processes of the embedded database: proportional set size, so that shared pages count once.',
          samples: postgres,
        },
      ],
    },
  ];
}

async function atRest(child: Child, measures: readonly ((pid: number) => Promise<number>)[]): Promise<Sample[]> {
  await delay(restMs);
  const values = await Promise.all(measures.map((measure) => measure(child.pid)));
  await child.stop();
  return values.map((value) => ({ value }));
}
