export interface Happening {
  readonly atMs: number;
  readonly order: number;
  happen: (() => void) | undefined;
}

/** Time in whole milliseconds that only goes on when told to: what happens at the same moment happens in the order in which it was planned. */
export interface Timeline {
  nowMs(): number;
  after(delayMs: number, happen: () => void): Happening;
  cancel(happening: Happening): void;
  /** Lets this much time pass, and waits after each happening for what it set off. */
  advance(ms: number): Promise<void>;
}

export function createTimeline(settle: () => Promise<void>): Timeline {
  const heap: Happening[] = [];
  let nowMs = 0;
  let planned = 0;

  async function advance(ms: number) {
    const endMs = nowMs + ms;
    await settle();
    for (let next = heap[0]; next && next.atMs <= endMs; next = heap[0]) {
      pop(heap);
      if (!next.happen) continue;
      nowMs = next.atMs;
      next.happen();
      await settle();
    }
    nowMs = endMs;
  }

  return {
    advance,
    nowMs: () => nowMs,
    after(delayMs, happen) {
      const happening = { atMs: nowMs + Math.max(0, Math.ceil(delayMs)), order: (planned += 1), happen };
      push(heap, happening);
      return happening;
    },
    cancel(happening) {
      happening.happen = undefined;
    },
  };
}

const isBefore = (one: Happening | undefined, other: Happening | undefined) =>
  one !== undefined && (!other || one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order));

// A binary heap: the earliest is first.
function push(heap: Happening[], happening: Happening) {
  let index = heap.length;
  while (index > 0) {
    const parentIndex = (index - 1) >> 1;
    const parent = heap[parentIndex];
    if (!parent || !isBefore(happening, parent)) break;
    heap[index] = parent;
    index = parentIndex;
  }
  heap[index] = happening;
}

function pop(heap: Happening[]) {
  const moved = heap.pop();
  if (!moved || heap.length === 0) return;
  let index = 0;
  for (;;) {
    const left = 2 * index + 1;
    const childIndex = isBefore(heap[left + 1], heap[left]) ? left + 1 : left;
    const child = heap[childIndex];
    if (!child || !isBefore(child, moved)) break;
    heap[index] = child;
    index = childIndex;
  }
  heap[index] = moved;
}
