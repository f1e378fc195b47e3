import type { ImportRecord, Imports as ImportsPort, Merchant } from '../../schema/context.ts';
import { ApiError, notFound } from '../../schema/errors.ts';
import { isImportId } from '../../schema/id.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import type { Logger } from '../log.ts';
import type { Imports } from './imports.ts';
import { productKeysFor } from './product-keys.ts';
import { ImportError, type ImportSource } from './record.ts';

interface ImportJobsOptions {
  readonly imports: Imports;
  readonly sources: { sourceFor(merchant: Merchant): Promise<ImportSource> };
  readonly database: Pick<Database, 'db'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
}

export interface ImportJobs extends ImportsPort {
  /** Ends them after the rows under way; the next one goes on there. */
  stop(): Promise<void>;
}

const sourceName = 'stripe';
/** Of a run that says nothing for so long, the process is gone. */
const silentForMs = 30_000;

/** Imports from Stripe that go on beside requests. */
export function createImportJobs({ imports, sources, database, clock, logger }: ImportJobsOptions): ImportJobs {
  const stopping = new AbortController();
  const running = new Set<Promise<unknown>>();

  async function refuseSecond(merchant: Merchant) {
    const newest = await imports.findNewest(merchant, sourceName);
    const isAlive = newest?.status === 'running' && clock.now() - newest.updatedAt.getTime() < silentForMs;
    if (isAlive) throw new ApiError('CONFLICT', `An import is running: ${newest.id}.`);
  }

  return {
    async start(merchant, mode) {
      await refuseSecond(merchant);
      const source = await sources.sourceFor(merchant).catch(asConflict);
      const productKeyOf = await productKeysFor(database, merchant, undefined);
      const begun = await imports.begin(merchant, { sourceName, mode });
      const job = imports
        .run(merchant, begun, { source, sourceName, mode, productKeyOf, signal: stopping.signal })
        .catch((error: unknown) => logger.error({ err: error, importId: begun.id }, 'an import ended before its time'))
        .finally(() => running.delete(job));
      running.add(job);
      return begun;
    },

    async find(merchant, id): Promise<ImportRecord> {
      const found = isImportId(id) ? await imports.find(merchant, id) : null;
      if (!found) throw notFound('Import');
      return found;
    },

    async stop() {
      stopping.abort();
      await Promise.all(running);
    },
  };
}

/** Its words are for whoever started it, and show no key. */
function asConflict(error: unknown): never {
  throw error instanceof ImportError ? new ApiError('CONFLICT', error.message) : error;
}
