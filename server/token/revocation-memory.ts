import type { Owner } from '../../schema/context.ts';
import type { MerchantId } from '../../schema/id.ts';
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
export const longestTokenMs = 86_400_000;
/** What a key issued while its end was becoming known is a little younger than that end. */
const issuedLateMs = 60_000;
export const rememberedForMs = longestTokenMs + issuedLateMs;

/** What one merchant revoked in one environment: it says nothing about another's sessions, whatever it names. */
interface OwnerRevocations {
  /** Nearly all of them, so that each takes little: when, in seconds since the epoch. */
  readonly sessions: Map<string, number>;
  /** Of everything else, by kind and subject: the latest moment in force, and those ahead. */
  readonly others: Map<string, readonly number[]>;
}

/** The revocations that matter now, small enough to be asked on every request. */
export function createRevocationMemory(clock: Pick<Clock, 'now'>) {
  const owners = { test: new Map<MerchantId, OwnerRevocations>(), live: new Map<MerchantId, OwnerRevocations>() };
  const every = () => [...owners.test.values(), ...owners.live.values()];

  function ofOwner({ merchantId, environment }: Owner): OwnerRevocations {
    const known = owners[environment].get(merchantId);
    if (known) return known;
    const none: OwnerRevocations = { sessions: new Map(), others: new Map() };
    owners[environment].set(merchantId, none);
    return none;
  }

  function rememberOther({ others }: OwnerRevocations, { kind, subject, revokedAtMs }: Revocation): void {
    const key = keyOf(kind, subject);
    const known = others.get(key) ?? [];
    if (!known.includes(revokedAtMs)) others.set(key, withoutSuperseded([...known, revokedAtMs], clock.now()));
  }

  return {
    remember(owner: Owner, revocation: Revocation): void {
      const known = ofOwner(owner);
      const { kind, subject, revokedAtMs } = revocation;
      if (kind !== 'session') return rememberOther(known, revocation);
      const { sessions } = known;
      const revokedAtSeconds = Math.ceil(revokedAtMs / 1_000);
      if (revokedAtSeconds > (sessions.get(subject) ?? 0)) sessions.set(subject, revokedAtSeconds);
    },

    revokes(claims: SessionClaims): boolean {
      const known = owners[claims.environment].get(claims.merchantId);
      if (!known) return false;
      if (known.sessions.has(claims.sessionId)) return true;
      if (known.others.size === 0) return false;
      const now = clock.now();
      const issuedAtMs = timeOfId(claims.sessionId);
      const ends = (kind: RevocationKind) => (moment: number) =>
        (!mayLieAhead(kind) || moment <= now) && (endsWhatFollows(kind) || issuedAtMs <= moment);
      return subjectsOf(claims).some(([kind, subject]) => known.others.get(keyOf(kind, subject))?.some(ends(kind)));
    },

    size: (): number => every().reduce((sum, { sessions, others }) => sum + sessions.size + others.size, 0),

    forgetExpired(): void {
      const oldest = clock.now() - rememberedForMs;
      for (const { sessions, others } of every()) {
        for (const [session, seconds] of sessions) if (seconds * 1_000 <= oldest) sessions.delete(session);
        for (const [key, moments] of others) if (moments.every((moment) => moment <= oldest)) others.delete(key);
      }
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

const keyOf = (kind: RevocationKind, subject: string) => `${kind}:${subject}`;

function withoutSuperseded(known: readonly number[], now: number): number[] {
  const inForce = Math.max(...known.filter((moment) => moment <= now));
  return known.filter((moment) => moment >= inForce);
}
