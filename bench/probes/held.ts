import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { systemClock } from '../../server/clock.ts';
import { newId } from '../../server/id.ts';
import { createRevocationMemory } from '../../server/token/revocation-memory.ts';
import { readTask } from '../floors/server.ts';

/** What to hold, to see what it weighs. */
export interface HeldTask {
  readonly kind: 'map' | 'revocations';
  readonly count: number;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heapBytes(): number {
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const { kind, count } = readTask() as HeldTask;
const now = systemClock.now();
const owner = { merchantId: newId('mer', now), environment: 'test' } as const;
const map = new Map<string, number>();
const memory = createRevocationMemory(systemClock);

const before = heapBytes();
for (let index = 0; index < count; index++) {
  const subject = newId('ses', now + index);
  if (kind === 'map') map.set(subject, now);
  else memory.remember(owner, { kind: 'session', subject, revokedAtMs: now });
}
const bytesEach = (heapBytes() - before) / count;
if (map.size + memory.size() !== count) throw new Error('some of them are not there');

process.stdout.write(`${bytesEach.toFixed(1)} bytes each\nready on nothing\n`);
// Until it is told to stop, as the servers are.
setInterval(() => undefined, 60_000);
