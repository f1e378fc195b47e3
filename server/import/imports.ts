import { and, desc, eq, ne, sql, TransactionRollbackError } from 'drizzle-orm';
import type { ImportRecord, Owner } from '../../schema/context.ts';
import type { ImportId } from '../../schema/id.ts';
import type { Clock } from '../clock.ts';
import type { Unresolved } from '../customers/unresolved.ts';
import type { Database, Transaction } from '../database/database.ts';
import { importedIds, imports } from '../database/tables.ts';
import { newId } from '../id.ts';
import { noCounts, withTallies } from './counts.ts';
import { ImportError, type ImportSource, type SourceBatch, type SourceRecord } from './record.ts';
import { type ProductKeyOf, writeRecords } from './write.ts';
import type { Written } from './written.ts';

export interface ImportProgress {
  readonly run: ImportRecord;
  /** From 0 to 1, as far as it can be told. */
  readonly fraction: number | undefined;
}

export interface ImportOptions {
  readonly source: ImportSource;
  /** Tells it from other sources: a run of the same one goes on where the last one stopped. */
  readonly sourceName: string;
  /** `dry` writes nothing that stays, and says what would be written. */
  readonly mode: ImportRecord['mode'];
  readonly productKeyOf: ProductKeyOf;
  /** Ends it after the batch that is under way. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined;
}

export interface Imports {
  /** A new run, or the last one of this source that did not come to its end. */
  begin(owner: Owner, options: Pick<ImportOptions, 'sourceName' | 'mode'>): Promise<ImportRecord>;
  /** Reads and writes to the end of the source. A source that cannot go on makes a `failed` run, and throws nothing. */
  run(owner: Owner, begun: ImportRecord, options: ImportOptions): Promise<ImportRecord>;
  find(owner: Owner, id: ImportId): Promise<ImportRecord | null>;
  /** The newest one of a source; `null` when there is none. */
  findNewest(owner: Owner, sourceName: string): Promise<ImportRecord | null>;
}

interface ImportsOptions {
  readonly database: Pick<Database, 'db' | 'transaction'>;
  readonly unresolved: Pick<Unresolved, 'recount'>;
  readonly clock: Pick<Clock, 'now'>;
}

const mostProblems = 100;

export function createImports({ database, unresolved, clock }: ImportsOptions): Imports {
  const { db } = database;

  async function write(
    transaction: Transaction,
    owner: Owner,
    run: ImportRecord,
    batch: SourceBatch,
    options: ImportOptions,
  ) {
    const { fresh, repeated } = await tellApart(transaction, owner, run.id, batch.records);
    const { productKeyOf } = options;
    const written = await writeRecords(transaction, owner, fresh, {
      importId: run.id,
      nowMs: clock.now(),
      productKeyOf,
    });
    // What a list of Stripe's shows twice was read twice.
    const doubles = options.source.kind === 'file' ? repeated : [];
    return together(written, batch, doubles);
  }

  async function rehearse(
    owner: Owner,
    run: ImportRecord,
    batch: SourceBatch,
    options: ImportOptions,
  ): Promise<Written> {
    let written: Written | undefined;
    try {
      await database.transaction(async (transaction) => {
        written = await write(transaction, owner, run, batch, options);
        transaction.rollback();
      });
    } catch (error) {
      if (!(error instanceof TransactionRollbackError)) throw error;
    }
    if (!written) throw new TypeError('a transaction was rolled back before its end');
    return written;
  }

  async function note(transaction: Transaction, owner: Owner, run: ImportRecord, cursor: string, written: Written) {
    return update(transaction, owner, run.id, {
      cursor,
      counts: withTallies(run.counts, written.tallies),
      problems: [...run.problems, ...written.problems].slice(0, mostProblems),
      updatedAt: new Date(clock.now()),
    });
  }

  /** What a batch writes, and that it was written, is one transaction: a crash loses neither without the other. */
  async function take(
    owner: Owner,
    run: ImportRecord,
    batch: SourceBatch,
    options: ImportOptions,
  ): Promise<ImportRecord> {
    const rehearsed = options.mode === 'dry' ? await rehearse(owner, run, batch, options) : undefined;
    return database.transaction(async (transaction) => {
      if (rehearsed) await tellApart(transaction, owner, run.id, batch.records);
      const written = rehearsed ?? (await write(transaction, owner, run, batch, options));
      return note(transaction, owner, run, batch.cursor, written);
    });
  }

  async function finish(owner: Owner, run: ImportRecord, end: Pick<ImportRecord, 'status' | 'failure'>) {
    unresolved.recount(owner);
    return database.transaction(async (transaction) => {
      if (end.status === 'done') await forgetIds(transaction, owner, run.id);
      return update(transaction, owner, run.id, { ...end, updatedAt: new Date(clock.now()) });
    });
  }

  async function goOn(owner: Owner, sourceName: string): Promise<ImportRecord | undefined> {
    const [last] = await db
      .select({ id: imports.id })
      .from(imports)
      .where(
        and(isOwned(owner), eq(imports.sourceName, sourceName), eq(imports.mode, 'real'), ne(imports.status, 'done')),
      )
      .orderBy(desc(imports.id))
      .limit(1);
    if (!last) return undefined;
    return update(db, owner, last.id, { status: 'running', failure: null, updatedAt: new Date(clock.now()) });
  }

  async function beginAnew(
    { merchantId, environment }: Owner,
    { sourceName, mode }: Pick<ImportOptions, 'sourceName' | 'mode'>,
  ) {
    const now = new Date(clock.now());
    const [run] = await db
      .insert(imports)
      .values({
        merchantId,
        environment,
        id: newId('imp', clock.now()),
        sourceName,
        mode,
        status: 'running',
        counts: noCounts,
        problems: [],
        startedAt: now,
        updatedAt: now,
      })
      .returning(columns);
    if (!run) throw new TypeError('an insert returned nothing');
    return run;
  }

  const select = (owner: Owner) => db.select(columns).from(imports).where(isOwned(owner)).$dynamic();

  return {
    async begin(owner, options) {
      const begun = options.mode === 'real' ? await goOn(owner, options.sourceName) : undefined;
      return begun ?? beginAnew(owner, options);
    },

    async run(owner, begun, options) {
      let run = begun;
      try {
        for await (const batch of options.source.read(begun.cursor ?? undefined)) {
          run = await take(owner, run, batch, options);
          options.onProgress?.({ run, fraction: batch.fraction });
          if (options.signal?.aborted) return run;
        }
      } catch (error) {
        if (!(error instanceof ImportError)) throw error;
        return finish(owner, run, { status: 'failed', failure: error.message });
      }
      return finish(owner, run, { status: 'done', failure: null });
    },

    find: async (owner, id) => (await select(owner).where(and(isOwned(owner), eq(imports.id, id))))[0] ?? null,

    async findNewest(owner, sourceName) {
      const condition = and(isOwned(owner), eq(imports.sourceName, sourceName));
      return (await select(owner).where(condition).orderBy(desc(imports.id)).limit(1))[0] ?? null;
    },
  };
}

const columns = {
  id: imports.id,
  mode: imports.mode,
  status: imports.status,
  cursor: imports.cursor,
  counts: imports.counts,
  problems: imports.problems,
  failure: imports.failure,
  startedAt: imports.startedAt,
  updatedAt: imports.updatedAt,
};

const isOwned = ({ merchantId, environment }: Owner) =>
  and(eq(imports.merchantId, merchantId), eq(imports.environment, environment));

async function update(
  db: Transaction | Database['db'],
  owner: Owner,
  id: ImportId,
  change: Partial<typeof imports.$inferInsert>,
): Promise<ImportRecord> {
  const [run] = await db
    .update(imports)
    .set(change)
    .where(and(isOwned(owner), eq(imports.id, id)))
    .returning(columns);
  if (!run) throw new ImportError('The run was removed meanwhile.');
  return run;
}

/** Which of these the run meets for the first time; the first of several with one id counts. */
async function tellApart(
  transaction: Transaction,
  { merchantId, environment }: Owner,
  importId: ImportId,
  records: readonly SourceRecord[],
) {
  if (records.length === 0) return { fresh: [], repeated: [] };
  const ids = [...new Set(records.map(({ stripeId }) => stripeId))];
  const inserted = await transaction
    .insert(importedIds)
    .values(ids.map((stripeId) => ({ merchantId, environment, importId, stripeId })))
    .onConflictDoNothing()
    .returning({ stripeId: importedIds.stripeId });
  const left = new Set(inserted.map(({ stripeId }) => stripeId));
  const fresh = records.filter(({ stripeId }) => left.delete(stripeId));
  const taken = new Set<SourceRecord>(fresh);
  return { fresh, repeated: records.filter((record) => !taken.has(record)) };
}

function together({ tallies, problems }: Written, batch: SourceBatch, doubles: readonly SourceRecord[]): Written {
  return {
    tallies: [
      ...tallies,
      ...doubles.map(({ kind }) => ({ kind, name: 'unusable', count: 1 }) as const),
      { kind: 'customer', name: 'unusable', count: batch.problems.length },
    ],
    problems: [
      ...batch.problems,
      ...doubles.map(({ stripeId }) => ({ where: stripeId, reason: 'the same id came before' })),
      ...problems,
    ],
  };
}

const forgetIds = (transaction: Transaction, { merchantId, environment }: Owner, importId: ImportId) =>
  transaction
    .delete(importedIds)
    .where(
      sql`${importedIds.merchantId} = ${merchantId} and ${importedIds.environment} = ${environment} and ${importedIds.importId} = ${importId}`,
    );
