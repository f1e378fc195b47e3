import { here } from '../tracing.ts';

interface Waiting<Item, Result> {
  readonly item: Item;
  /** Where the statement for all of them belongs, if it is the first of them. */
  readonly there: ReturnType<typeof here>;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

interface BatchOptions<Item, Result> {
  /** Says what came of each, in their order; or throws, and has written none. */
  readonly run: (items: readonly Item[]) => Promise<readonly Result[]>;
  readonly maxItems: number;
}

/**
 * Group commit: what arrives while a statement is under way goes into the next one, together. Nobody waits for a timer, and
 * each caller's promise resolves once its item is committed. Reads that are many and small gain by it, too.
 */
export function createBatch<Item, Result>({ run, maxItems }: BatchOptions<Item, Result>) {
  let waiting: Waiting<Item, Result>[] = [];
  let isRunning = false;

  async function runWaiting(): Promise<void> {
    isRunning = true;
    while (waiting.length > 0) {
      const batch = waiting.slice(0, maxItems);
      waiting = waiting.slice(maxItems);
      await runTogether(batch);
    }
    isRunning = false;
  }

  async function runTogether(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    const items = batch.map(({ item }) => item);
    try {
      const results = await (batch[0]?.there(() => run(items)) ?? run(items));
      for (const [index, result] of results.entries()) batch[index]?.resolve(result);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  return {
    add: (item: Item): Promise<Result> =>
      new Promise((resolve, reject) => {
        waiting.push({ item, there: here(), resolve, reject });
        // In the next turn, so that requests that were read from the network together are in it together.
        if (!isRunning && waiting.length === 1) setImmediate(() => void runWaiting());
      }),
  };
}
