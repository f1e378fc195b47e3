import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Comparison } from '../comparison.ts';
import type { Effort } from '../effort.ts';
import { startFilled } from '../growth/filled.ts';
import { askFor } from '../load/ask.ts';
import { withProcesses } from '../processes/group.ts';
import { residentMib } from '../processes/memory.ts';
import type { Service } from '../processes/service.ts';

const atOnce = 32;
/** For the garbage to be collected and the pages to be given back. */
const settleMs = 3_000;
const collecting = [
  '--expose-gc',
  '--import',
  fileURLToPath(new URL('../probes/collect-on-signal.js', import.meta.url)),
];

/** What the server's process grows by when very many sessions of as many customers are created and used. */
export const compareLiveSessions = (directory: string, { liveSessions }: Effort): Promise<Comparison[]> =>
  withProcesses(async (keep) => {
    if (process.platform !== 'linux') return [];
    const service = keep(await startFilled(directory, liveSessions, collecting));
    // Load alone makes a process larger: the first customers come twice, and only the second time is compared.
    await useSessions(service, Math.min(5_000, liveSessions / 2));
    const before = { value: await settledMib(service) };
    await useSessions(service, liveSessions);
    const after = { value: await settledMib(service) };
    const all = liveSessions.toLocaleString('en');
    return [
      {
        title: 'memory of the server, live sessions',
        unit: 'MiB',
        better: 'less',
        series: [
          {
            name: 'after some load',
            does: 'Our server’s process after some thousand sessions, garbage collected: resident set size.',
            samples: [before],
          },
          {
            name: `${all} live sessions`,
            does: `The same after ${all} sessions of as many customers were created, and each of their tokens used.`,
            samples: [after],
          },
        ],
      },
    ];
  });

async function settledMib({ pid }: Service): Promise<number> {
  process.kill(pid, 'SIGUSR2');
  await delay(settleMs);
  return residentMib(pid);
}

async function useSessions(service: Service, count: number): Promise<void> {
  const ask = askFor(service);
  let next = 1;
  async function useSome() {
    while (next <= count) {
      const input = { externalUserId: `user-${next++}` };
      const { createSession } = await ask<{ createSession: { sessionToken: string } }>(
        service.secretKey,
        'mutation ($input: CreateSessionInput!) { createSession(input: $input) { sessionToken } }',
        { input },
      );
      await ask(createSession.sessionToken, '{ viewer { id } }');
    }
  }
  await Promise.all(Array.from({ length: atOnce }, useSome));
}
