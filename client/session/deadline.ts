import { BillingOSError } from '../errors.ts';
import type { Timers } from './host.ts';

/**
 * Settles within the time, or when somebody aborts it, whether what is done listens to its signal or not. Leaves no timer behind.
 * @throws {BillingOSError} TIMEOUT; the reason of who aborted it; or whatever was thrown.
 */
export async function withDeadline<Result>(
  timers: Timers,
  delayMs: number,
  act: (signal: AbortSignal) => Promise<Result>,
  stop = new AbortController(),
): Promise<Result> {
  const { signal } = stop;
  const timer = timers.set(() => stop.abort(new BillingOSError('TIMEOUT', 'No answer in time.')), delayMs);
  const ended = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      // At once, not when a promise gets round to it: nothing is left behind by who stops a session.
      timers.clear(timer);
      reject(signal.reason as Error);
    });
  });
  try {
    return await Promise.race([ended, act(signal)]);
  } catch (error) {
    // What is made of a signal is not its reason.
    throw signal.aborted ? signal.reason : error;
  } finally {
    timers.clear(timer);
  }
}
