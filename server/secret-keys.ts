import { desc, eq } from 'drizzle-orm';
import { LRUCache } from 'lru-cache';
import type { Owner } from '../schema/context.ts';
import { ApiError, notFound } from '../schema/errors.ts';
import { isKeyId, type KeyId } from '../schema/id.ts';
import type { Clock } from './clock.ts';
import type { Database, Transaction } from './database/database.ts';
import { secretKeys } from './database/tables.ts';
import { newId } from './id.ts';
import { digestOf, generateSecretKey } from './secret-key.ts';
import { end, isEnding, isEndOfSessionsAhead, isKey, isOwned, recordColumns } from './secret-key-rows.ts';
import type { Revocations } from './token/revocations.ts';

export interface SecretKeyRecord extends Owner {
  readonly id: KeyId;
  readonly name: string;
  readonly lastFour: string;
  readonly createdAt: Date;
  /** From when it is refused; `null` while nobody ended it. */
  readonly endsAt: Date | null;
}

/** The key in clear is in this answer and nowhere else, ever. */
export interface CreatedSecretKey {
  readonly secretKey: string;
  readonly record: SecretKeyRecord;
}

interface EndOptions {
  /** `revoke` ends the sessions that the key created, at the moment the key ends; `keep` lets them run out. */
  readonly sessions: 'revoke' | 'keep';
}

export interface SecretKeys {
  create(owner: Owner, name: string): Promise<CreatedSecretKey>;
  list(owner: Owner): Promise<SecretKeyRecord[]>;
  byId(owner: Owner, id: string): Promise<SecretKeyRecord | null>;
  /** The digest by which a key is found. */
  digestOf(secretKey: string): string;
  /** The record of the key with this digest while it works, at most a second old; `null` for any other. */
  find(digest: string): Promise<SecretKeyRecord | null>;
  /** Whether it worked when it was last looked for, lately. */
  isInUse(digest: string): boolean;
  /** A new key of the same name; the old one ends after the overlap. CONFLICT when it is ending already. */
  roll(owner: Owner, id: KeyId, options: EndOptions & { overlapMs: number }): Promise<CreatedSecretKey>;
  /** CONFLICT when its sessions are to be kept, and a roll has announced their end already. */
  revoke(owner: Owner, id: KeyId, options: EndOptions): Promise<SecretKeyRecord>;
}

interface SecretKeysOptions {
  readonly database: Pick<Database, 'db' | 'transaction'>;
  readonly revocations: Pick<Revocations, 'add'>;
  readonly pepper: Uint8Array;
  readonly clock: Clock;
}

/** A revoked key stops working everywhere within this time. */
const rememberForMs = 1_000;
const maxRemembered = 10_000;

export function createSecretKeys({ database, revocations, pepper, clock }: SecretKeysOptions): SecretKeys {
  const { db } = database;

  // Wrapped, because the cache takes `null` for "not there". Callers who come together share one read.
  const remembered = new LRUCache<string, { record: SecretKeyRecord | null; readAt: number }>({
    max: maxRemembered,
    ttl: rememberForMs,
    perf: { now: () => clock.monotonic() },
    // Whoever waits for a read gets its answer also when a revocation has emptied the cache meanwhile; it is not kept then.
    ignoreFetchAbort: true,
    // A key in use stays one while the database is silent: its callers share one read then, and do not queue.
    noDeleteOnFetchRejection: true,
    fetchMethod: async (digest) => ({ readAt: clock.monotonic(), record: await read(digest) }),
  });

  async function read(digest: string): Promise<SecretKeyRecord | null> {
    const [row] = await db.select(recordColumns).from(secretKeys).where(eq(secretKeys.digest, digest)).limit(1);
    return row ?? null;
  }

  const works = (record: SecretKeyRecord | null | undefined) =>
    record != null && (record.endsAt === null || record.endsAt.getTime() > clock.now());

  async function byId(owner: Owner, id: string): Promise<SecretKeyRecord | null> {
    const [row] = isKeyId(id) ? await db.select(recordColumns).from(secretKeys).where(isKey(owner, id)) : [];
    return row ?? null;
  }

  function newKey(owner: Owner, name: string) {
    const secretKey = generateSecretKey(owner.environment);
    const record: SecretKeyRecord = {
      merchantId: owner.merchantId,
      environment: owner.environment,
      id: newId('key', clock.now()),
      name,
      lastFour: secretKey.slice(-4),
      createdAt: new Date(clock.now()),
      endsAt: null,
    };
    return { created: { secretKey, record }, row: { ...record, digest: digestOf(secretKey, pepper) } };
  }

  /** Writes `change`, and with it the end of the key's sessions where they are to end. */
  async function endWithSessions(
    owner: Owner,
    id: KeyId,
    revokedAtMs: number,
    { sessions }: EndOptions,
    change: (transaction: Transaction) => Promise<void>,
  ) {
    if (sessions === 'keep') await database.transaction(change);
    else await revocations.add(owner, { kind: 'ended_key', subject: id, revokedAtMs }, change);
    remembered.clear();
  }

  return {
    async create(owner, name) {
      const { created, row } = newKey(owner, name);
      await db.insert(secretKeys).values(row);
      return created;
    },

    list: (owner) => db.select(recordColumns).from(secretKeys).where(isOwned(owner)).orderBy(desc(secretKeys.id)),

    byId,

    digestOf: (secretKey) => digestOf(secretKey, pepper),

    async find(digest) {
      const oldestReadAt = clock.monotonic() - rememberForMs;
      const found = await remembered.fetch(digest);
      // A slow read says what was true when it began, to whoever joined it late, and as long as it stays in the cache.
      const isOld = found !== undefined && found.readAt < oldestReadAt;
      const record = (isOld ? await remembered.fetch(digest, { forceRefresh: true }) : found)?.record ?? null;
      return works(record) ? record : null;
    },

    isInUse: (digest) => works(remembered.peek(digest, { allowStale: true })?.record),

    async roll(owner, id, { overlapMs, ...options }) {
      const old = await byId(owner, id);
      if (!old) throw notFound('Secret key');

      const { created, row } = newKey(owner, old.name);
      const endsAt = new Date(clock.now() + overlapMs);
      await endWithSessions(owner, id, endsAt.getTime(), options, async (transaction) => {
        if (!(await end(transaction, owner, id, endsAt, isEnding.not))) {
          throw new ApiError('CONFLICT', 'This key was rolled or revoked already.');
        }
        await transaction.insert(secretKeys).values(row);
      });
      return created;
    },

    async revoke(owner, id, options) {
      const endsAt = new Date(clock.now());
      if (!(await byId(owner, id))) throw notFound('Secret key');
      await endWithSessions(owner, id, endsAt.getTime(), options, async (transaction) => {
        await end(transaction, owner, id, endsAt, isEnding.notBefore(endsAt));
        if (options.sessions === 'keep' && (await isEndOfSessionsAhead(transaction, owner, id, endsAt))) {
          throw new ApiError('CONFLICT', 'This key was rolled, and its sessions end with it: they cannot be kept now.');
        }
      });
      const record = await byId(owner, id);
      if (!record) throw notFound('Secret key');
      return record;
    },
  };
}
