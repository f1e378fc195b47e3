import type { Environment } from '../../schema/environment.ts';
import { longestTokenMs } from './revocation-memory.ts';

/** A key is published, then signs, then only verifies, then is no key any more. Each has these states in this order. */
export type KeyState = 'next' | 'active' | 'retired' | 'gone';

/** What is stored of a key's life; the rest follows from the keys after it. */
export interface KeyMoments {
  readonly environment: Environment;
  readonly kid: string;
  readonly createdAt: Date;
  /** From when it signs. */
  readonly activeFrom: Date;
  /** When somebody dropped it, whatever its state was. */
  readonly droppedAt: Date | null;
}

export interface KeyLife extends KeyMoments {
  /** When the key after it began to sign, or will: it verifies what it has signed, and signs nothing more. */
  readonly retiredFrom: Date | null;
  /** From when nothing that it signed counts. */
  readonly goneFrom: Date | null;
}

/** A process that has not noticed yet that a key retired may sign with it for this long. */
const signedLateMs = 60_000;

/** The lives of the keys of one environment, or several. That one key signs at a time is so by construction: the last that began to. */
export function livesOf(keys: readonly KeyMoments[]): KeyLife[] {
  const inOrder = keys.toSorted(
    (one, other) => one.activeFrom.getTime() - other.activeFrom.getTime() || (one.kid < other.kid ? -1 : 1),
  );
  return inOrder.map((key, index) => {
    const successor = inOrder
      .slice(index + 1)
      .find((later) => later.environment === key.environment && everSigns(later));
    const retiredFrom = successor?.activeFrom ?? null;
    return { ...key, retiredFrom, goneFrom: key.droppedAt ?? whenGone(retiredFrom) };
  });
}

/** One that was dropped before its time takes over from nobody. */
const everSigns = ({ activeFrom, droppedAt }: KeyMoments) => droppedAt === null || droppedAt > activeFrom;

const whenGone = (retiredFrom: Date | null) =>
  retiredFrom && new Date(retiredFrom.getTime() + longestTokenMs + signedLateMs);

/** A drop counts once it is recorded, whatever this process takes the time for. */
export function stateOf({ activeFrom, retiredFrom, goneFrom, droppedAt }: KeyLife, nowMs: number): KeyState {
  if (droppedAt !== null) return 'gone';
  if (activeFrom.getTime() > nowMs) return 'next';
  if (retiredFrom === null || retiredFrom.getTime() > nowMs) return 'active';
  return goneFrom === null || goneFrom.getTime() > nowMs ? 'retired' : 'gone';
}
