import type { Clock } from '../clock.ts';

const everyMs = 100;
const toleratedMs = 200;
/** A pause of a moment, to collect garbage or to load a library, is no overload. */
const sustainedMs = 1_000;

/**
 * Whether the event loop has been late for a while: then everything that this process does waits in a queue that nobody
 * sees. Its utilisation would not tell: that is 1 as well when all is answered in time.
 */
export function createLoopWatch(clock: Pick<Clock, 'monotonic'>) {
  let beatAt = clock.monotonic();
  let lateSince: number | undefined;
  let timer: NodeJS.Timeout | undefined;

  function beat(): void {
    const now = clock.monotonic();
    const isLate = now - beatAt - everyMs > toleratedMs;
    lateSince = isLate ? (lateSince ?? beatAt) : undefined;
    beatAt = now;
  }

  return {
    beat,
    isLate: (): boolean => lateSince !== undefined && beatAt - lateSince >= sustainedMs,
    start(): void {
      beatAt = clock.monotonic();
      timer = setInterval(beat, everyMs).unref();
    },
    stop(): void {
      clearInterval(timer);
      lateSince = undefined;
    },
  };
}

export type LoopWatch = ReturnType<typeof createLoopWatch>;
