import { setTimeout as delay } from 'node:timers/promises';
import { DatabaseError } from 'pg';
import { isOutage } from './outage.ts';

interface Patience {
  readonly patienceMs: number;
  /** Told once. */
  readonly onWait: (error: unknown) => void;
}

const askAgainAfterMs = 250;

/** Asks until the database answers: machines that start together do not come up in order. Rejects with the last failure. */
export async function untilUp(ping: () => Promise<void>, { patienceMs, onWait }: Patience): Promise<void> {
  const begunAt = performance.now();
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await ping();
    } catch (error) {
      if (!mayPass(error) || performance.now() - begunAt >= patienceMs) throw error;
      if (isFirst) onWait(error);
    }
    await delay(askAgainAfterMs);
  }
}

/** PostgreSQL that starts says so; before that nobody listens, has a name, or answers. A wrong password stays wrong. */
function mayPass(error: unknown): boolean {
  if (error instanceof DatabaseError) return isOutage(error);
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === undefined || (typeof code === 'string' && codesOfAbsence.has(code));
}

const codesOfAbsence = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'EPIPE',
  // No such socket, no such name: a container that is not there yet.
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
