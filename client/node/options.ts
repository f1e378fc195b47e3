import { issuerOf } from './environment.ts';
import type { RequestOptions } from './request.ts';
import { sleep, type Sleep } from './retry.ts';
import { environmentOf, refuseBrowser } from './secret-key.ts';

/** An option that is `undefined` counts as left out. */
export interface BillingOSOptions {
  /** `sk_test_…` or `sk_live_…`; its prefix chooses the environment. */
  readonly secretKey: string | undefined;
  /** The address of the service. */
  readonly url?: string | undefined;
  /** How long one attempt may take. */
  readonly timeoutMs?: number | undefined;
  /** How many more times a call is tried that failed in a way that may pass; 0: never. */
  readonly maxRetries?: number | undefined;
  readonly fetch?: typeof fetch | undefined;
  /** A number in [0, 1), for the jitter between retries. */
  readonly random?: (() => number) | undefined;
  /** Waits between two tries; handed in by tests. */
  readonly sleep?: Sleep | undefined;
}

/** Checks the options and fills in what was left out. Throws a TypeError for a mistake, which never shows the key. */
export function readOptions({
  secretKey,
  url = 'http://localhost:4000',
  timeoutMs = 10_000,
  maxRetries = 2,
  fetch: send = (input, init) => fetch(input, init), // Looked up on each call: tests and tracing replace it late.
  random = Math.random,
  sleep: wait = sleep,
}: BillingOSOptions): RequestOptions {
  refuseBrowser();
  const environment = environmentOf(secretKey);
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1) throw new TypeError('timeoutMs must be a positive whole number.');
  if (!Number.isInteger(maxRetries) || maxRetries < 0) throw new TypeError('maxRetries must be 0 or a whole number.');
  return {
    endpoint: `${issuerOf(url, environment)}/graphql`,
    secretKey: String(secretKey),
    timeoutMs,
    maxRetries,
    fetch: send,
    random,
    sleep: wait,
  };
}
