import { and, eq, inArray, sql } from 'drizzle-orm';
import { type Environment, environments } from '../../schema/environment.ts';
import { notFound } from '../../schema/errors.ts';
import type { Clock } from '../clock.ts';
import type { Database, Transaction } from '../database/database.ts';
import { signingKeys } from '../database/tables.ts';
import { type KeyLife, type KeyState, livesOf, stateOf } from './key-life.ts';
import { type KeyRing, momentsOf } from './key-ring.ts';
import { generateKey } from './signing-key.ts';

/** A signing key without its private half. */
export interface SigningKeyRecord extends KeyLife {
  readonly state: KeyState;
}

interface SigningKeysOptions {
  readonly database: Pick<Database, 'db' | 'transaction'>;
  readonly keyRing: Pick<KeyRing, 'read'>;
  readonly encryptionKey: Uint8Array;
  readonly clock: Pick<Clock, 'now'>;
}

/** A day, and the five minutes for which whoever verifies may keep the key set. */
const publishedAheadMs = 86_400_000 + 300_000;
/** Every process has read a key by then, many times over. */
const shortLeadMs = 10_000;

/** The keys of one environment, in the moment in which nobody else changes them. */
interface Locked {
  readonly transaction: Transaction;
  readonly keys: readonly SigningKeyRecord[];
  readonly nowMs: number;
  insert(activeFromMs: number): Promise<void>;
}

/** Makes, rotates and drops the keys that sign tokens. Processes and commands that do so together take turns. */
export function createSigningKeys({ database, keyRing, encryptionKey, clock }: SigningKeysOptions) {
  async function list(environment?: Environment): Promise<SigningKeyRecord[]> {
    const isMeant = environment && eq(signingKeys.environment, environment);
    const lives = livesOf(await database.db.select(momentsOf).from(signingKeys).where(isMeant));
    return recordsOf(lives, clock.now()).toReversed();
  }

  /** Known to this process once it resolves. */
  async function change(environment: Environment, work: (locked: Locked) => Promise<void>): Promise<void> {
    await database.transaction(async (transaction) => {
      await transaction.execute(sql`select pg_advisory_xact_lock(hashtext(${`signing_keys:${environment}`}))`);
      const lives = livesOf(
        await transaction.select(momentsOf).from(signingKeys).where(eq(signingKeys.environment, environment)),
      );
      // Another process whose time is a little ahead may have made the last one.
      const nowMs = Math.max(clock.now(), ...lives.map(({ createdAt }) => createdAt.getTime()));
      const insert = async (activeFromMs: number) => {
        const key = await generateKey(environment, encryptionKey);
        await transaction
          .insert(signingKeys)
          .values({ ...key, createdAt: new Date(nowMs), activeFrom: new Date(activeFromMs) });
      };
      await work({ transaction, keys: recordsOf(lives, nowMs), nowMs, insert });
    });
    await keyRing.read();
  }

  return {
    /** Newest first. */
    list,

    /** At the very first start. */
    async makeFirst(): Promise<void> {
      for (const environment of environments) {
        await change(environment, async ({ keys, nowMs, insert }) => {
          if (!inState(keys, 'active')) await insert(nowMs);
        });
      }
    },

    /**
     * Makes the next key, unless there is one: in a day it signs, and the active one retires. `soon` lets it sign in ten
     * seconds, also one that is there already; whoever checks tokens offline has to ask for the keys again then.
     */
    rotate: (environment: Environment, when: 'published' | 'soon') =>
      change(environment, async ({ transaction, keys, nowMs, insert }) => {
        const next = inState(keys, 'next');
        const activeFromMs = nowMs + (when === 'soon' ? shortLeadMs : publishedAheadMs);
        if (!next) await insert(activeFromMs);
        else if (activeFromMs < next.activeFrom.getTime()) await setActiveFrom(transaction, next, activeFromMs);
      }),

    /** Makes a next key where the active one has signed for so long. Says for which environments. */
    async rotateOlderThan(ageMs: number): Promise<Environment[]> {
      const rotated: Environment[] = [];
      for (const environment of environments) {
        if (!isDue(await list(environment), ageMs, clock.now())) continue;
        await change(environment, async ({ keys, nowMs, insert }) => {
          // Another process was first.
          if (!isDue(keys, ageMs, nowMs)) return;
          await insert(nowMs + publishedAheadMs);
          rotated.push(environment);
        });
      }
      return rotated;
    },

    /**
     * A key that leaked: nothing that it signed counts any more, here at once, in the other processes within a second. If it
     * was the active one, the next key signs from now on, or a new one. Says in which environment. NOT_FOUND
     */
    async drop(kid: string): Promise<Environment> {
      const [found] = await database.db.select(momentsOf).from(signingKeys).where(eq(signingKeys.kid, kid));
      if (!found) throw notFound('Signing key');
      await change(found.environment, async ({ transaction, keys, nowMs, insert }) => {
        const dropped = keys.find((key) => key.kid === kid);
        if (!dropped || dropped.state === 'gone') return;
        await transaction
          .update(signingKeys)
          .set({ droppedAt: new Date(nowMs) })
          .where(eq(signingKeys.kid, kid));
        if (dropped.state !== 'active') return;
        const next = inState(keys, 'next');
        if (next) await setActiveFrom(transaction, next, nowMs);
        else await insert(nowMs);
      });
      return found.environment;
    },

    /** Removes what has been gone since before that. Those that came after it are still there then, and its end with them. */
    async removeGone(beforeMs: number): Promise<void> {
      const old = (await list()).filter(
        ({ state, goneFrom }) => state === 'gone' && goneFrom && goneFrom.getTime() < beforeMs,
      );
      if (old.length === 0) return;
      await database.db.delete(signingKeys).where(
        inArray(
          signingKeys.kid,
          old.map(({ kid }) => kid),
        ),
      );
    },
  };
}

export type SigningKeys = ReturnType<typeof createSigningKeys>;

const recordsOf = (lives: readonly KeyLife[], nowMs: number): SigningKeyRecord[] =>
  lives.map((life) => ({ ...life, state: stateOf(life, nowMs) }));

const inState = (keys: readonly SigningKeyRecord[], state: KeyState) => keys.find((key) => key.state === state);

const isDue = (keys: readonly SigningKeyRecord[], ageMs: number, nowMs: number) =>
  !inState(keys, 'next') && nowMs - (inState(keys, 'active')?.activeFrom.getTime() ?? nowMs) >= ageMs;

const setActiveFrom = (transaction: Transaction, { environment, kid }: KeyLife, activeFromMs: number) =>
  transaction
    .update(signingKeys)
    .set({ activeFrom: new Date(activeFromMs) })
    .where(and(eq(signingKeys.environment, environment), eq(signingKeys.kid, kid)));
