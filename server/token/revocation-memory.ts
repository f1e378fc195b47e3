import type { Owner } from '../../schema/context.ts';
import type { Clock } from '../clock.ts';
import type { RevocationKind } from '../database/tables.ts';
import { timeOfId } from '../id.ts';
import type { SessionClaims } from './token.ts';

/** What to end: the tokens of one subject that were issued until a moment, from that moment on. */
export interface Revocation {
  readonly kind: RevocationKind;
  readonly subject: string;
  /** Milliseconds since the epoch. May lie ahead, when a key is rolled with an overlap. */
  readonly revokedAtMs: number;
}

/** No token lives longer, so that a revocation need not be remembered longer. */
const longestTokenMs = 86_400_000;
/** What a key issued while its end was becoming known is a little younger than that end. */
const issuedLateMs = 60_000;
export const rememberedForMs = longestTokenMs + issuedLateMs;

/** The revocations that matter now, small enough to be asked on every request. */
export function createRevocationMemory(clock: Pick<Clock, 'now'>) {
  /** The latest moment in force and those ahead, per subject. */
  const moments = new Map<string, readonly number[]>();

  return {
    remember(owner: Owner, { kind, subject, revokedAtMs }: Revocation): void {
      const key = keyOf(owner, kind, subject);
      const known = moments.get(key) ?? [];
      if (!known.includes(revokedAtMs)) moments.set(key, withoutSuperseded([...known, revokedAtMs], clock.now()));
    },

    revokes(claims: SessionClaims): boolean {
      const now = clock.now();
      const issuedAtMs = timeOfId(claims.sessionId);
      const ends = (kind: RevocationKind) => (moment: number) =>
        (!mayLieAhead(kind) || moment <= now) && (endsWhatFollows(kind) || issuedAtMs <= moment);
      return subjectsOf(claims).some(([kind, subject]) => moments.get(keyOf(claims, kind, subject))?.some(ends(kind)));
    },

    size: (): number => moments.size,

    forgetExpired(): void {
      const oldest = clock.now() - rememberedForMs;
      for (const [key, known] of moments) if (known.every((moment) => moment <= oldest)) moments.delete(key);
    },
  };
}

export type RevocationMemory = ReturnType<typeof createRevocationMemory>;

/** Everything whose revocation ends the session of these claims. */
export const subjectsOf = (claims: SessionClaims): readonly (readonly [RevocationKind, string])[] => [
  ['session', claims.sessionId],
  ['ended_key', claims.keyId],
  ['ended_customer', claims.customerId],
  ['customer', claims.customerId],
  ['key', claims.keyId],
  ['merchant', claims.merchantId],
];

/** Whether the moment of issue makes no difference: nothing that counts can come of what has ended for good. */
export const endsWhatFollows = (kind: RevocationKind): boolean => endsForGood.includes(kind);

const endsForGood: readonly RevocationKind[] = ['session', 'ended_key', 'ended_customer'];

/** Whether it may say what will end. What was recorded of the others has ended, whatever this process takes the time for. */
export const mayLieAhead = (kind: RevocationKind): boolean => kind === 'ended_key';

/** The owner is part of it: one merchant's revocation says nothing about another's sessions, whatever it names. */
const keyOf = ({ merchantId, environment }: Owner, kind: RevocationKind, subject: string) =>
  `${merchantId}:${environment}:${kind}:${subject}`;

function withoutSuperseded(known: readonly number[], now: number): number[] {
  const inForce = Math.max(...known.filter((moment) => moment <= now));
  return known.filter((moment) => moment >= inForce);
}
