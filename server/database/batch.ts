interface Waiting<Item> {
  readonly item: Item;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface BatchOptions<Item> {
  /** Writes all of them, or throws and has written none. */
  readonly write: (items: readonly Item[]) => Promise<void>;
  /** Whether the failure is one item's fault: then each is written alone, and only that one fails. */
  readonly isItemsFault: (error: unknown) => boolean;
  readonly maxItems: number;
}

/**
 * Group commit: what arrives while a write is under way goes into the next one, together. Nobody waits for a timer, and
 * each caller's promise resolves once its item is committed.
 */
export function createBatch<Item>({ write, isItemsFault, maxItems }: BatchOptions<Item>) {
  let waiting: Waiting<Item>[] = [];
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

  async function writeTogether(batch: readonly Waiting<Item>[]): Promise<void> {
    try {
      await write(batch.map(({ item }) => item));
      for (const { resolve } of batch) resolve();
    } catch (error) {
      if (batch.length > 1 && isItemsFault(error)) for (const single of batch) await writeTogether([single]);
      else for (const { reject } of batch) reject(error);
    }
  }

  return {
    add: (item: Item): Promise<void> =>
      new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        // In the next turn, so that requests that were read from the network together are written together.
        if (!isWriting && waiting.length === 1) setImmediate(() => void writeWaiting());
      }),
  };
}
