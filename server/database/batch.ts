import { here } from '../tracing.ts';

interface Waiting<Item, Result> {
  readonly item: Item;
  /** Where the statement for all of them belongs, if it is the first of them. */
  readonly there: ReturnType<typeof here>;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

interface BatchOptions<Item, Result> {
  /** Writes them and says what came of each, in their order; or throws and has written none. */
  readonly write: (items: readonly Item[]) => Promise<readonly Result[]>;
  readonly maxItems: number;
}

/**
 * Group commit: what arrives while a write is under way goes into the next one, together. Nobody waits for a timer, and
 * each caller's promise resolves once its item is committed.
 */
export function createBatch<Item, Result>({ write, maxItems }: BatchOptions<Item, Result>) {
  let waiting: Waiting<Item, Result>[] = [];
  let isWriting = false;

  async function writeWaiting(): Promise<void> {
    isWriting = true;
    while (waiting.length > 0) {
      const batch = waiting.slice(0, maxItems);
      waiting = waiting.slice(maxItems);
      await writeTogether(batch);
    }
    isWriting = false;
  }

  async function writeTogether(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    const items = batch.map(({ item }) => item);
    try {
      const results = await (batch[0]?.there(() => write(items)) ?? write(items));
      for (const [index, result] of results.entries()) batch[index]?.resolve(result);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  return {
    add: (item: Item): Promise<Result> =>
      new Promise((resolve, reject) => {
        waiting.push({ item, there: here(), resolve, reject });
        // In the next turn, so that requests that were read from the network together are written together.
        if (!isWriting && waiting.length === 1) setImmediate(() => void writeWaiting());
      }),
  };
}
