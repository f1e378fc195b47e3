import { and, desc, eq, gt, ne, sql, TransactionRollbackError } from 'drizzle-orm';
import type { ImportRecord, Owner } from '../../schema/context.ts';
import { ApiError } from '../../schema/errors.ts';
import type { ImportId } from '../../schema/id.ts';
import type { Clock } from '../clock.ts';
import type { Unresolved } from '../customers/unresolved.ts';
import { type Database, isContention, type Transaction } from '../database/database.ts';
import { imports } from '../database/tables.ts';
import { newId } from '../id.ts';
import { noCounts, totalOf, withTallies } from './counts.ts';
import { forgetIds, tellApart } from './met-ids.ts';
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
  /** Ends it after the batch that is under way, and any wait: it has `failed` then, and the next one goes on there. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined;
}

export interface Imports {
  /**
   * A new run, or the last one of this source that did not come to its end, if that is no older than a day. CONFLICT when
   * `isAlone` and another one is running.
   */
  begin(owner: Owner, options: BeginOptions): Promise<ImportRecord>;
  /** Reads and writes to the end of the source. A source that cannot go on makes a `failed` run, and throws nothing. */
  run(owner: Owner, begun: ImportRecord, options: ImportOptions): Promise<ImportRecord>;
  find(owner: Owner, id: ImportId): Promise<ImportRecord | null>;
}

type BeginOptions = Pick<ImportOptions, 'sourceName' | 'mode'> & { readonly isAlone?: boolean };

interface ImportsOptions {
  readonly database: Pick<Database, 'db' | 'transaction'>;
  readonly unresolved: Pick<Unresolved, 'recount'>;
  readonly clock: Pick<Clock, 'now'>;
}

const mostProblems = 100;
const tries = 3;
/** After that, too much has changed at the source behind the place where the run stopped. */
const goesOnForMs = 86_400_000;
/** A run says so often that it is alive; when it has not for so long, its process is gone. */
const aliveEveryMs = 10_000;
const silentForMs = 30_000;

export function createImports({ database, unresolved, clock }: ImportsOptions): Imports {
  const { db } = database;
  const now = () => new Date(clock.now());
  const ago = (ms: number) => new Date(clock.now() - ms);

  async function write(transaction: Transaction, { owner, run, options }: Running, batch: SourceBatch) {
    const { fresh, repeated } = await tellApart(transaction, owner, run.id, batch.records);
    const written = await writeRecords(transaction, owner, fresh, {
      rehearsalId: run.mode === 'dry' ? run.id : undefined,
      nowMs: clock.now(),
      productKeyOf: options.productKeyOf,
    });
    // What a list of Stripe's shows twice was read twice.
    return together(written, batch, options.source.kind === 'file' ? repeated : []);
  }

  async function rehearse(running: Running, batch: SourceBatch): Promise<Written> {
    let written: Written | undefined;
    try {
      await database.transaction(async (transaction) => {
        written = await write(transaction, running, batch);
        transaction.rollback();
      });
    } catch (error) {
      if (!(error instanceof TransactionRollbackError)) throw error;
    }
    if (!written) throw new TypeError('a transaction was rolled back before its end');
    return written;
  }

  /** What a batch writes, and that it was written, is one transaction: a crash loses neither without the other. */
  async function take(running: Running, batch: SourceBatch): Promise<ImportRecord> {
    const { owner, run } = running;
    const rehearsed = run.mode === 'dry' ? await rehearse(running, batch) : undefined;
    return database.transaction(async (transaction) => {
      if (rehearsed) await tellApart(transaction, owner, run.id, batch.records);
      const written = rehearsed ?? (await write(transaction, running, batch));
      return update(transaction, owner, run.id, {
        cursor: batch.cursor,
        counts: withTallies(run.counts, written.tallies),
        problems: [...run.problems, ...written.problems].slice(0, mostProblems),
        updatedAt: now(),
      });
    });
  }

  async function takePatiently(running: Running, batch: SourceBatch): Promise<ImportRecord> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await take(running, batch);
      } catch (error) {
        if (attempt === tries || !isContention(error)) throw error;
      }
    }
  }

  /** Of a table that has grown since it was last looked at, PostgreSQL takes any index for as good as the right one. Costs speed, not the run. */
  const analyze = () => db.execute(sql`analyze customers`).catch(() => undefined);

  async function readAll(owner: Owner, begun: ImportRecord, options: ImportOptions): Promise<ImportRecord> {
    let run = begun;
    let analyzedAtRows = 0;
    for await (const batch of options.source.read(begun.cursor ?? undefined, options.signal)) {
      run = await takePatiently({ owner, run, options }, batch);
      if (run.mode === 'real' && totalOf(run.counts) > 4 * analyzedAtRows) {
        analyzedAtRows = totalOf(run.counts);
        await analyze();
      }
      options.onProgress?.({ run, fraction: batch.fraction });
      options.signal?.throwIfAborted();
    }
    return run;
  }

  async function finish(owner: Owner, run: ImportRecord, failure: string | null): Promise<ImportRecord> {
    unresolved.recount(owner);
    if (run.mode === 'real') await analyze();
    const status = failure === null ? 'done' : 'failed';
    const finished = await update(db, owner, run.id, { status, failure, updatedAt: now() });
    // What a failed run has met counts when it goes on.
    if (status === 'done' || run.mode === 'dry') await forgetIds(db, owner, run.id);
    return finished;
  }

  async function refuseSecond(transaction: Transaction, owner: Owner, sourceName: string) {
    const lock = `import:${owner.merchantId}:${owner.environment}:${sourceName}`;
    await transaction.execute(sql`select pg_advisory_xact_lock(hashtext(${lock}))`);
    const [running] = await transaction
      .select({ id: imports.id })
      .from(imports)
      .where(and(isOf(owner, sourceName), eq(imports.status, 'running'), gt(imports.updatedAt, ago(silentForMs))))
      .limit(1);
    if (running) throw new ApiError('CONFLICT', `An import is running: ${running.id}.`);
  }

  async function goOn(transaction: Transaction, owner: Owner, sourceName: string): Promise<ImportRecord | undefined> {
    const isUnfinished = and(eq(imports.mode, 'real'), ne(imports.status, 'done'));
    const [last] = await transaction
      .select({ id: imports.id })
      .from(imports)
      .where(and(isOf(owner, sourceName), isUnfinished, gt(imports.updatedAt, ago(goesOnForMs))))
      .orderBy(desc(imports.id))
      .limit(1);
    return last && update(transaction, owner, last.id, { status: 'running', failure: null, updatedAt: now() });
  }

  async function beginAnew(transaction: Transaction, { merchantId, environment }: Owner, options: BeginOptions) {
    const [run] = await transaction
      .insert(imports)
      .values({
        merchantId,
        environment,
        id: newId('imp', clock.now()),
        sourceName: options.sourceName,
        mode: options.mode,
        status: 'running',
        counts: noCounts,
        problems: [],
        startedAt: now(),
        updatedAt: now(),
      })
      .returning(columns);
    if (!run) throw new TypeError('an insert returned nothing');
    return run;
  }

  return {
    begin: (owner, options) =>
      database.transaction(async (transaction) => {
        if (options.isAlone) await refuseSecond(transaction, owner, options.sourceName);
        const unfinished = options.mode === 'real' ? await goOn(transaction, owner, options.sourceName) : undefined;
        return unfinished ?? beginAnew(transaction, owner, options);
      }),

    async run(owner, begun, options) {
      const sayAlive = () => update(db, owner, begun.id, { updatedAt: now() }).catch(() => undefined);
      const alive = setInterval(() => void sayAlive(), aliveEveryMs).unref();
      try {
        await readAll(owner, begun, options);
        return await finish(owner, begun, null);
      } catch (error) {
        if (options.signal?.aborted) return await finish(owner, begun, 'It was interrupted.');
        if (error instanceof ImportError) return await finish(owner, begun, error.message);
        await finish(owner, begun, 'It broke down: the log says why.').catch(() => undefined);
        throw error;
      } finally {
        clearInterval(alive);
      }
    },

    async find(owner, id) {
      const [run] = await db
        .select(columns)
        .from(imports)
        .where(and(isOwned(owner), eq(imports.id, id)));
      return run ?? null;
    },
  };
}

interface Running {
  readonly owner: Owner;
  readonly run: ImportRecord;
  readonly options: ImportOptions;
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

const isOf = (owner: Owner, sourceName: string) => and(isOwned(owner), eq(imports.sourceName, sourceName));

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
