import { setTimeout } from 'node:timers/promises';
import { ImportError } from '../import/record.ts';
import { withoutKeys } from './key.ts';

/** What waiting needs from outside. */
export interface Retries {
  /** From 0 to 1, as `Math.random`. */
  readonly random: () => number;
  /** Rejects with the signal's reason as soon as that is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

const maxTries = 7;
const firstDelayMs = 500;
const maxDelayMs = 30_000;
/** Longer than this no answer makes us wait. */
const maxAskedDelayMs = 120_000;

/**
 * Asks again while Stripe is busy, broken or out of reach: as long as Retry-After says, else exponentially, with jitter.
 * The library would do that for answers only, not for a page that breaks off, and never for 429.
 */
export function createRetries({ random = Math.random, sleep = sleepMs }: Partial<Retries>) {
  return async <Answer>(ask: () => Promise<Answer>, signal?: AbortSignal): Promise<Answer | 'resourceMissing'> => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await ask();
      } catch (error) {
        const failure = failureOf(error);
        if (failure.code === 'resource_missing') return 'resourceMissing';
        if (!isPassing(failure) || tries === maxTries) throw importErrorOf(failure, tries);
        await sleep(askedDelayMs(failure) ?? random() * Math.min(maxDelayMs, firstDelayMs * 2 ** tries), signal);
      }
    }
  };
}

const sleepMs = (ms: number, signal: AbortSignal | undefined) => setTimeout(ms, undefined, { signal });

/** The parts of the library's errors that decide; `type` is the name of its class. */
interface Failure {
  readonly type?: string;
  readonly code?: string;
  readonly statusCode?: number | undefined;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function failureOf(error: unknown): Failure {
  if (error instanceof Error && 'type' in error) return error as Failure;
  // A bug, or a machine out of memory: not Stripe's answer.
  throw error;
}

function isPassing({ type, statusCode }: Failure): boolean {
  if (type === 'StripeConnectionError') return true;
  // Without a status it is an answer that is not JSON, as a proxy in trouble gives.
  if (type === 'StripeAPIError' && statusCode === undefined) return true;
  return statusCode !== undefined && (statusCode === 409 || statusCode === 429 || statusCode >= 500);
}

function askedDelayMs({ headers }: Failure): number | undefined {
  const seconds = Number(headers?.['retry-after'] || NaN);
  return seconds >= 0 ? Math.min(seconds * 1_000, maxAskedDelayMs) : undefined;
}

function importErrorOf({ type, statusCode, message }: Failure, tries: number): ImportError {
  const said = withoutKeys(message);
  if (statusCode === 401) return new ImportError('Stripe does not know this key: it is mistyped, rolled or expired.');
  if (statusCode === 403) return new ImportError(`The Stripe key lacks a permission. Stripe says: ${said}`);
  if (statusCode === 429) return new ImportError(`Stripe refused ${tries} tries: too many requests. Try again later.`);
  if (type === 'StripeConnectionError') {
    return new ImportError(`Stripe could not be reached in ${tries} tries: the connection failed or broke off.`);
  }
  return new ImportError(`Stripe failed after ${tries === 1 ? 'one try' : `${tries} tries`}. Stripe says: ${said}`);
}
