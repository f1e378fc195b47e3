import type { Exchange } from '../network.ts';
import type { DaySetting } from './step.ts';

/** What must be true of a day, looked at after every step. Only what the world made possible is judged. */
export interface Ledger {
  readonly counts: { operations: number; judged: number; failed: number; stalled: number; longestWaitMs: number };
  /** What happened when, a line each: the same for the same seed. */
  readonly trace: readonly string[];
  note(what: string): void;
  fetches(): number;
  exchanged(exchange: Exchange): void;
  /** From now on the world keeps nobody's promise, until as many ends as beginnings came. */
  troubleBegins(): void;
  troubleEnds(): void;
  /** Tokens that were issued before this moment end with it. */
  tokensEnd(atMs: number): void;
  /** A page was opened or came back: what the others hold counts for it only when they asked just now. */
  pageArrives(): void;
  /** The user logged in, and this page asks for it. */
  pageRetries(): void;
  /** A page goes that may have asked just now: before anybody hears of it, the next one is in turn. */
  pageCloses(): void;
  /** A page stops that may have asked: its answer waits with it, and another one asks instead. */
  pageStops(): void;
  /** The calendar is set, and takes this much of the token that is held. So many pages are held still: news that waits for them is of no known time. */
  calendarJumps(byMs: number, heldPages: number): void;
  /** Nobody is left who knows when the last ask was. */
  groupForgets(): void;
  /** The last page is gone, and with it all that anybody knew. */
  groupEnds(): void;
  /**
   * The machine slept since then, and so many pages waited for each other meanwhile: those waits are all over when it wakes. They give way
   * to each other once more, but those who were doing that already, and all when the machine falls asleep over that, too, ask.
   */
  waitsAreCutShort(sleptSinceMs: number, waiting: number, late: number): void;
  /** @param runsSinceMs since when its page has run without a break; `Infinity` when that is gone. */
  operationBegins(hasRun: () => boolean, runsSinceMs: () => number): BegunOperation;
  /** @throws {BrokenPromise} for the first promise that is broken. */
  check(): void;
}

export interface OperationEnd {
  readonly code: string | undefined;
  /** Whether its customer left before: then it must not succeed. */
  readonly hasLeft: boolean;
  /** Whether what it showed was for another customer than it was begun for. */
  readonly isForAnother: boolean;
  /** Whether what it showed was of another user than was logged in when it began. */
  readonly isOfAnother: boolean;
}

export interface BegunOperation {
  readonly end: (end: OperationEnd) => void;
  /** Whether the world has made it possible until now. */
  readonly isJudged: () => boolean;
}

interface OpenOperation {
  readonly startedAtMs: number;
  readonly startedInCalm: number | undefined;
  /** Whether the token that is held has ended, and nobody has noticed yet: that is its first refusal. */
  readonly isOverdue: boolean;
  readonly hasRun: () => boolean;
  readonly runsSinceMs: () => number;
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
const longestAskMs = 10_000;
/** What a person notices. */
const stallMs = 1_000;
/** A message has reached every page within this time. */
const messageMs = 10;
/** So long a page waits for another one, twice. */
const lockWaitMs = 2_000;
/** Pages whose waits are over give way to each other for so long. */
const giveWayMs = 200;
/** Clocks are read a little before what they are read for. */
const skewMs = 10;

export function createLedger(
  nowMs: () => number,
  { lifetimeSeconds, promises }: Pick<DaySetting, 'lifetimeSeconds' | 'promises'>,
): Ledger {
  const counts = { operations: 0, judged: 0, failed: 0, stalled: 0, longestWaitMs: 0 };
  const shortestRenewalMs = 0.8 * lifetimeSeconds * 1000;
  const trace: string[] = [];
  const exchanges: Exchange[] = [];
  const open = new Set<OpenOperation>();
  const hits: number[] = [];
  let breach: string | undefined;
  let allowed = 0;
  let arrivedAtMs = -Infinity;
  let forgottenAtMs = -Infinity;
  let closedAtMs = -Infinity;
  let isAskerGone = false;
  let retriedAtMs = -Infinity;
  let cutShortAtMs = -Infinity;
  let jumpedAtMs = -Infinity;
  let troubles = 0;
  let calm = 0;
  let calmSinceMs = 0;
  /** Asks that may follow another one too soon. */
  let soonAllowed = 0;

  const note = (what: string) => void trace.push(`${nowMs()} ${what}`);
  const blame = (what: string) => void (breach ??= `${what} (at ${nowMs()} ms)`);
  const lastAskAtMs = () => exchanges.at(-1)?.sentAtMs ?? -Infinity;
  const answered = () => exchanges.filter(({ isServed, status }) => isServed && status === 200);

  /** Each costs one ask, unless nobody had asked since the one before. */
  function endedTokens(): number {
    let beforeMs = -Infinity;
    let count = 0;
    for (const atMs of hits.toSorted((one, other) => one - other)) {
      if (atMs > nowMs()) break;
      if (!answered().some(({ sentAtMs }) => sentAtMs > beforeMs && sentAtMs <= atMs)) continue;
      beforeMs = atMs;
      count += 1;
    }
    return count;
  }

  function checkBound() {
    const late = answered().filter(({ sentAtMs, answeredAtMs = sentAtMs }) => answeredAtMs - sentAtMs > gapMs);
    const bound = nowMs() / shortestRenewalMs + 2 + allowed + endedTokens() + late.length;
    const count = answered().length;
    if (count > bound) blame(`${count} fetches where ${Math.floor(bound)} are allowed`);
  }

  const hitsBetween = (fromMs: number, toMs: number) => hits.filter((atMs) => atMs >= fromMs && atMs <= toMs).length;

  /** One refusal is made good by one refresh; a second one while that is under way fails an operation. */
  function isJudged({ startedAtMs, startedInCalm, isOverdue, hasRun }: OpenOperation): boolean {
    const refusals = hitsBetween(startedAtMs - hitWindowMs, nowMs()) + (isOverdue ? 1 : 0);
    return startedInCalm === calm && troubles === 0 && refusals < 2 && hasRun();
  }

  function checkWaits() {
    for (const operation of open) {
      const waitedMs = nowMs() - Math.max(operation.startedAtMs, calmSinceMs, operation.runsSinceMs());
      if (troubles === 0 && waitedMs > longestWaitMs) blame(`an operation waits since ${waitedMs} ms`);
    }
  }

  function judge(operation: OpenOperation, code: string | undefined) {
    if (!isJudged(operation)) return;
    const waitedMs = nowMs() - operation.startedAtMs;
    counts.judged += 1;
    if (waitedMs >= stallMs) counts.stalled += 1;
    counts.longestWaitMs = Math.max(counts.longestWaitMs, waitedMs);
    if (waitedMs > longestWaitMs) blame(`an operation waited for ${waitedMs} ms`);
    if (code === undefined) return;
    counts.failed += 1;
    blame(`an operation failed with ${code}`);
  }

  function groupForgets() {
    if (arrivedAtMs < nowMs()) allowed += 1;
    forgottenAtMs = nowMs();
    arrivedAtMs = nowMs();
  }

  return {
    counts,
    trace,
    note,
    fetches: () => exchanges.length,
    exchanged(exchange) {
      note('ask');
      const sinceLastMs = exchange.sentAtMs - lastAskAtMs();
      const isRetry = exchange.sentAtMs - retriedAtMs <= gapMs;
      // What was asked at the very moment at which a page went may have been asked by that one.
      const isKnown = lastAskAtMs() >= forgottenAtMs && lastAskAtMs() !== closedAtMs && !isAskerGone;
      const isTooSoon = sinceLastMs < gapMs - skewMs;
      const isCutShort = exchange.sentAtMs - cutShortAtMs <= giveWayMs;
      const isMissed = exchange.sentAtMs - jumpedAtMs <= gapMs;
      if (!isRetry && !isCutShort && !isMissed) soonAllowed = 0;
      const isExcused = soonAllowed > 0;
      if (isTooSoon && isExcused) soonAllowed -= 1;
      if (isTooSoon && isKnown && !isExcused) blame(`two asks within ${sinceLastMs} ms`);
      exchanges.push(exchange);
      isAskerGone = false;
    },
    troubleBegins() {
      troubles += 1;
      calm += 1;
    },
    troubleEnds() {
      troubles -= 1;
      calmSinceMs = nowMs();
    },
    tokensEnd: (atMs) => void hits.push(atMs),
    pageArrives() {
      // Only the page that asked knows of it, and that may be the one that is loaded anew.
      if (nowMs() - lastAskAtMs() < messageMs) return groupForgets();
      if (nowMs() - Math.max(lastAskAtMs(), arrivedAtMs) < gapMs - skewMs) return;
      arrivedAtMs = nowMs();
      allowed += 1;
    },
    pageCloses() {
      closedAtMs = nowMs();
      if (nowMs() - lastAskAtMs() < messageMs) groupForgets();
    },
    groupForgets,
    groupEnds: () => void (isAskerGone = true),
    waitsAreCutShort(sleptSinceMs, waiting, late) {
      const isOnceMore = sleptSinceMs - cutShortAtMs < lockWaitMs;
      cutShortAtMs = nowMs();
      soonAllowed = Math.max(soonAllowed, isOnceMore ? waiting : Math.min(waiting, Math.max(2, late)));
      allowed += isOnceMore ? waiting : Math.max(1, late);
    },
    pageRetries() {
      // All of them at once share one ask.
      if (retriedAtMs === nowMs()) return;
      retriedAtMs = nowMs();
      soonAllowed += 1;
      allowed += 1;
    },
    pageStops() {
      if (exchanges.at(-1)?.status === undefined && nowMs() - lastAskAtMs() <= longestAskMs) allowed += 1;
    },
    calendarJumps(byMs, heldPages) {
      jumpedAtMs = nowMs();
      if (heldPages > 0) soonAllowed = Math.max(soonAllowed, heldPages);
      if (byMs > 0) allowed += Math.min(1, byMs / shortestRenewalMs);
    },
    operationBegins(hasRun, runsSinceMs) {
      const startedInCalm = troubles === 0 ? calm : undefined;
      const issuedAtMs = answered().at(-1)?.sentAtMs ?? -Infinity;
      const isOverdue = hitsBetween(issuedAtMs, nowMs() - hitWindowMs) > 0;
      const operation = { startedAtMs: nowMs(), startedInCalm, isOverdue, hasRun, runsSinceMs };
      open.add(operation);
      counts.operations += 1;
      const end = ({ code, hasLeft, isForAnother, isOfAnother }: OperationEnd) => {
        note(`operation: ${code ?? 'done'}`);
        open.delete(operation);
        if (isForAnother) blame('an operation showed the data of another customer');
        if (isOfAnother && isJudged(operation)) blame('an operation showed the data of another user');
        if (!hasLeft) judge(operation, code);
      };
      return { end, isJudged: () => isJudged(operation) };
    },
    check() {
      if (promises === 'counted') return;
      checkBound();
      checkWaits();
      if (breach) throw new BrokenPromise(breach);
    },
  };
}
