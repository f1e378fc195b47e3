import { inArray } from 'drizzle-orm';
import type { Environment } from '../../schema/environment.ts';
import { ApiError } from '../../schema/errors.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import { signingKeys } from '../database/tables.ts';
import { type KeyLife, type KeyState, livesOf, stateOf } from './key-life.ts';
import { freshForMs } from './revocation-feed.ts';
import { openKey, type SigningKey } from './signing-key.ts';

export interface KeyRing {
  /** The key that signs now. */
  signer(environment: Environment): SigningKey;
  /** The keys whose tokens count now, the oldest first, and the one that will sign next: what others verify with. */
  published(environment: Environment): readonly SigningKey[];
  /** Whether memory held, a second ago at most, all that had been recorded: no dropped key is among those above then. */
  isFresh(): boolean;
  /** Reads what is recorded, here or from another connection. */
  read(from?: Pick<Database, 'db'>): Promise<void>;
  /** Fresh once it resolves. Throws UNAVAILABLE when the database does not say. */
  refresh(): Promise<void>;
}

interface KeyRingOptions {
  readonly database: Pick<Database, 'db'>;
  /** 256 bits: private keys lie in the database as JWE under it. */
  readonly encryptionKey: Uint8Array;
  readonly clock: Clock;
}

type RingKey = SigningKey & KeyLife;

export const momentsOf = {
  environment: signingKeys.environment,
  kid: signingKeys.kid,
  createdAt: signingKeys.createdAt,
  activeFrom: signingKeys.activeFrom,
  droppedAt: signingKeys.droppedAt,
};

/** The signing keys in memory, open. Which of them signs is decided by moments and the clock, so that all processes agree. */
export function createKeyRing({ database, encryptionKey, clock }: KeyRingOptions): KeyRing {
  let keys: readonly RingKey[] = [];
  let readAt = Number.NEGATIVE_INFINITY;
  let refreshing: { readonly startedAt: number; readonly done: Promise<void> } | undefined;

  async function read(from = database) {
    const startedAt = clock.monotonic();
    const lives = livesOf(await from.db.select(momentsOf).from(signingKeys));
    const opened = await openAll(
      lives.filter((life) => stateOf(life, clock.now()) !== 'gone'),
      from,
    );
    // A slower read that began earlier may not know of a drop.
    if (startedAt < readAt) return;
    keys = opened;
    readAt = startedAt;
  }

  /** Opening takes milliseconds: those that are open stay. */
  async function openAll(lives: readonly KeyLife[], { db }: Pick<Database, 'db'>): Promise<RingKey[]> {
    const open = new Map<string, SigningKey>(keys.map((key) => [key.kid, key]));
    const closed = lives.flatMap(({ kid }) => (open.has(kid) ? [] : [kid]));
    const rows = closed.length === 0 ? [] : await db.select().from(signingKeys).where(inArray(signingKeys.kid, closed));
    for (const row of rows) open.set(row.kid, await openKey(row, encryptionKey));
    return lives.flatMap((life) => {
      const key = open.get(life.kid);
      return key ? [{ ...key, ...life }] : [];
    });
  }

  const inState = (environment: Environment, isMeant: (state: KeyState) => boolean) => {
    const now = clock.now();
    return keys.filter((key) => key.environment === environment && isMeant(stateOf(key, now)));
  };

  const isFresh = () => clock.monotonic() - readAt <= freshForMs;

  return {
    isFresh,
    read,

    signer(environment) {
      const active = inState(environment, (state) => state === 'active');
      // For the moment by which this process's time may be behind that of the one which dropped the active key.
      const [signer] = [...active, ...inState(environment, (state) => state === 'next')];
      if (!signer) throw new TypeError(`no key signs in ${environment}`);
      return signer;
    },

    published: (environment) => inState(environment, (state) => state !== 'gone'),

    /** All who need it together share one read, unless it began so long ago that it may not know of a drop. */
    refresh() {
      const now = clock.monotonic();
      if (refreshing && now - refreshing.startedAt <= freshForMs) return refreshing.done;
      const done = read().catch(() => {
        throw new ApiError('UNAVAILABLE', 'The signing keys cannot be read now.', { retryAfterSeconds: 1 });
      });
      const mine = { startedAt: now, done };
      refreshing = mine;
      const forget = () => {
        if (refreshing === mine) refreshing = undefined;
      };
      done.then(forget, forget);
      return done;
    },
  };
}
