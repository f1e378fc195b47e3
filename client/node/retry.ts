import type { BillingOSError } from '../errors.ts';

/** Waits; rejects with the signal's reason as soon as the signal is aborted. */
export type Sleep = (delayMs: number, signal: AbortSignal | undefined) => Promise<void>;

export interface RetryOptions {
  /** How many more times after the first: 0 means once. */
  readonly maxRetries: number;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly sleep: Sleep;
}

const baseDelayMs = 250;
const longestBackoffMs = 8_000;
/** A service that asks for more is not waited for: whoever called us has given up by then. */
const longestRetryAfterMs = 30_000;

/**
 * Runs `attempt` again while it fails in a way that may pass. Waits with full jitter
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), never less than `Retry-After` asked for.
 */
export async function withRetries<Result>(
  attempt: () => Promise<Result>,
  { maxRetries, random, sleep }: RetryOptions,
  signal: AbortSignal | undefined,
): Promise<Result> {
  for (let retry = 0; ; retry += 1) {
    try {
      return await attempt();
    } catch (error) {
      const delayMs = delayBeforeRetryMs(retry, error, random);
      if (retry >= maxRetries || delayMs === undefined) throw error;
      await sleep(delayMs, signal);
    }
  }
}

/** `undefined`: not to be tried again. */
function delayBeforeRetryMs(retry: number, error: unknown, random: () => number): number | undefined {
  if (!isRetryable(error)) return undefined;
  const jitterMs = random() * Math.min(longestBackoffMs, baseDelayMs * 2 ** retry);
  const retryAfterMs = (error.retryAfterSeconds ?? 0) * 1_000;
  return retryAfterMs <= longestRetryAfterMs ? retryAfterMs + jitterMs : undefined;
}

/** By what it says: `instanceof` lies across two copies of a package. */
export const isRetryable = (error: unknown): error is BillingOSError =>
  error instanceof Error && 'retryable' in error && error.retryable === true;

export const sleep: Sleep = (delayMs, signal) =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, delayMs);
    function abort() {
      clearTimeout(timer);
      reject(signal?.reason);
    }
    signal?.addEventListener('abort', abort, { once: true });
  });
