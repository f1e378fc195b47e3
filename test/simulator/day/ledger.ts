import type { Exchange } from '../network.ts';

/** What must be true of a day. Each is looked at after every step, and a broken one throws. */
export interface Ledger {
  readonly counts: { operations: number; judged: number; failed: number; stalledMs: number };
  fetches(): number;
  exchanged(exchange: Exchange): void;
  /** From now on the world keeps nobody's promise, until as many ends as beginnings came. */
  troubleBegins(): void;
  troubleEnds(): void;
  /** Tokens that were issued before this moment end with it. */
  tokensEnd(atMs: number): void;
  /** Something happened that by its nature costs an ask. */
  allowAsk(): void;
  /** The app asked by itself. */
  retried(): void;
  /** @returns what to call with its outcome. */
  operationBegins(): (end: OperationEnd) => void;
  check(): void;
}

export interface OperationEnd {
  readonly code: string | undefined;
  /** Whether its page ran all the time. */
  readonly hasRun: boolean;
  /** Whether what it showed was for another customer than it was begun for. */
  readonly isForAnother: boolean;
}

/** Thrown when a day breaks a promise. */
export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise';
}

const gapMs = 5_000;
/** Lets a token that was issued shortly before an operation count as issued for it. */
const hitWindowMs = 15_000;
/** The longest backoff, the longest ask, the gap, and the way there and back twice. */
const longestWaitMs = 90_000;
const skewMs = 10;

export function createLedger(nowMs: () => number, lifetimeSeconds: number): Ledger {
  const counts = { operations: 0, judged: 0, failed: 0, stalledMs: 0 };
  const exchanges: Exchange[] = [];
  const hits: number[] = [];
  const breaches: string[] = [];
  let allowed = 0;
  let troubles = 0;
  let calm = 0;
  let retriedAtMs = -Infinity;

  const breach = (what: string) => void breaches.push(`${what} (at ${Math.round(nowMs())} ms)`);
  const hitsBetween = (fromMs: number, toMs: number) => hits.filter((atMs) => atMs >= fromMs && atMs <= toMs).length;

  function checkGap(exchange: Exchange) {
    const before = exchanges.at(-1);
    const gap = exchange.sentAtMs - (before?.sentAtMs ?? -Infinity);
    if (gap < gapMs - skewMs && exchange.sentAtMs - retriedAtMs > gapMs) breach(`two asks within ${gap} ms`);
  }

  function checkBound() {
    const endedByKey = hits.filter((atMs) => atMs <= nowMs()).length;
    const bound = nowMs() / 1000 / (0.8 * lifetimeSeconds) + 2 + allowed + endedByKey;
    const answered = exchanges.filter(({ status }) => status === 200).length;
    if (answered > bound) breach(`${answered} fetches where ${Math.floor(bound)} are allowed`);
  }

  return {
    counts,
    fetches: () => exchanges.length,
    exchanged(exchange) {
      checkGap(exchange);
      exchanges.push(exchange);
    },
    troubleBegins() {
      troubles += 1;
      calm += 1;
    },
    troubleEnds() {
      troubles -= 1;
    },
    tokensEnd: (atMs) => void hits.push(atMs),
    allowAsk: () => void (allowed += 1),
    retried: () => void (retriedAtMs = nowMs()),
    operationBegins() {
      const startedAtMs = nowMs();
      const startedInCalm = troubles === 0 ? calm : undefined;
      counts.operations += 1;
      return ({ code, hasRun, isForAnother }) => {
        const tookMs = nowMs() - startedAtMs;
        if (isForAnother) breach('an operation showed the data of another customer');
        const isJudged =
          hasRun && startedInCalm === calm && troubles === 0 && hitsBetween(startedAtMs - hitWindowMs, nowMs()) < 2;
        if (!isJudged) return;
        counts.judged += 1;
        counts.stalledMs = Math.max(counts.stalledMs, tookMs);
        if (tookMs > longestWaitMs) breach(`an operation waited for ${Math.round(tookMs)} ms`);
        if (code === undefined) return;
        counts.failed += 1;
        breach(`an operation failed with ${code}`);
      };
    },
    check() {
      checkBound();
      const [first] = breaches;
      if (first) throw new BrokenPromise(first);
    },
  };
}
