import type { BillingOSError } from '../errors.ts';

const patienceFailures = 3;

/** Everybody who waits for the next token. */
export interface Waiting {
  isEmpty(): boolean;
  join(): Promise<string>;
  resolve(token: string): void;
  reject(error: BillingOSError): void;
  /** An ask failed: whoever began to wait three failures ago waits no longer, and nobody who came later either. */
  endure(error: BillingOSError): void;
}

interface Waiter {
  resolve(token: string): void;
  reject(error: BillingOSError): void;
}

export function createWaiting(): Waiting {
  let waiters: Waiter[] = [];
  let failures = 0;

  function dismissAll(): Waiter[] {
    const dismissed = waiters;
    waiters = [];
    failures = 0;
    return dismissed;
  }

  function reject(error: BillingOSError) {
    for (const waiter of dismissAll()) waiter.reject(error);
  }

  return {
    isEmpty: () => waiters.length === 0,
    join: () => new Promise((resolve, reject) => waiters.push({ resolve, reject })),
    resolve(token) {
      for (const waiter of dismissAll()) waiter.resolve(token);
    },
    reject,
    endure(error) {
      if (waiters.length > 0) failures += 1;
      if (failures >= patienceFailures) reject(error);
    },
  };
}
