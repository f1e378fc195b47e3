import type { Comparison } from '../comparison.ts';
import type { Effort } from '../effort.ts';
import { startProgram } from '../processes/program.ts';
import type { HeldTask } from '../probes/held.ts';
import { takeRounds } from '../rounds.ts';

const count = 100_000;

/** What one revocation takes of a server's memory while it must be remembered. */
export async function compareRevocations(_directory: string, { startRounds }: Effort): Promise<Comparison[]> {
  const series = await takeRounds(startRounds, [
    {
      name: 'bare Map',
      does: `A \`Map\` from the id of a session to a moment, with ${count.toLocaleString('en')} entries: what the heap grew by, after a garbage collection, for each.`,
      measure: () => bytesEach({ kind: 'map', count }),
    },
    {
      name: 'one live revocation',
      does: 'The same of the memory that every check asks, one revoked session an entry.',
      measure: () => bytesEach({ kind: 'revocations', count }),
    },
  ]);
  return [
    {
      title: 'memory for one revocation',
      unit: 'bytes',
      better: 'less',
      series,
      bar: { of: 'value', atMost: 200 },
    },
  ];
}

async function bytesEach(task: HeldTask) {
  const probe = await startProgram('probes/held', task);
  await probe.stop();
  return { value: Number(/(\S+) bytes each/.exec(probe.output)?.[1]) };
}
