import type { ImportRecord, Imports as ImportsPort, Merchant } from '../../schema/context.ts';
import { ApiError, notFound } from '../../schema/errors.ts';
import { isImportId } from '../../schema/id.ts';
import type { Database } from '../database/database.ts';
import type { Logger } from '../log.ts';
import type { Imports } from './imports.ts';
import { productKeysFor } from './product-keys.ts';
import { ImportError, type ImportSource } from './record.ts';

interface ImportJobsOptions {
  readonly imports: Imports;
  readonly sources: { sourceFor(merchant: Merchant): Promise<ImportSource> };
  readonly database: Pick<Database, 'db'>;
  readonly logger: Logger;
}

export interface ImportJobs extends ImportsPort {
  /** Ends them after the rows under way, and any wait for Stripe; the next one goes on there. */
  stop(): Promise<void>;
}

const sourceName = 'stripe';

/** Imports from Stripe that go on beside requests. */
export function createImportJobs({ imports, sources, database, logger }: ImportJobsOptions): ImportJobs {
  const stopping = new AbortController();
  const running = new Set<Promise<unknown>>();

  return {
    async start(merchant, mode) {
      const source = await sources.sourceFor(merchant).catch(asConflict);
      const productKeyOf = await productKeysFor(database, merchant, undefined);
      const begun = await imports.begin(merchant, { sourceName, mode, isAlone: true });
      const job = imports
        .run(merchant, begun, { source, sourceName, mode, productKeyOf, signal: stopping.signal })
        .catch((error: unknown) => logger.error({ err: error, importId: begun.id }, 'an import broke down'))
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
