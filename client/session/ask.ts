import { BillingOSError } from '../errors.ts';
import type { Timers } from './host.ts';
import type { AskForSession, SessionAnswer } from './source.ts';

const longestAskMs = 10_000;

/**
 * Asks once, and settles within ten seconds or when the signal ends it, whether the source listens to its signal or not.
 * @throws {BillingOSError} always one of ours; whatever else the source threw is its `cause`.
 */
export async function askOnce(ask: AskForSession, timers: Timers, stop: AbortController): Promise<SessionAnswer> {
  const late = new BillingOSError('TIMEOUT', 'No session token came within ten seconds.');
  const timer = timers.set(() => stop.abort(late), longestAskMs);
  // At once, not when the promise gets round to it: nothing is left behind by who stops a session.
  stop.signal.addEventListener('abort', () => timers.clear(timer), { once: true });
  try {
    const answer = await Promise.race([ask(stop.signal), aborted(stop.signal)]);
    return toAnswer(answer);
  } catch (error) {
    throw stop.signal.reason === late ? late : toBillingOSError(error);
  } finally {
    timers.clear(timer);
  }
}

/** Fails with the reason of the signal once that is aborted. */
export const aborted = (signal: AbortSignal) =>
  new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });

/** What came is looked at here, whatever its type promised. */
function toAnswer(answer: SessionAnswer | string | null): SessionAnswer {
  if (answer === null) throw new BillingOSError('SIGNED_OUT', 'Nobody is logged in.');
  const { sessionToken, expiresIn } = typeof answer === 'string' ? { sessionToken: answer } : answer;
  if (typeof sessionToken === 'string') return { sessionToken, expiresIn };
  throw new BillingOSError('SESSION_ENDPOINT_FAILED', 'The answer contains no sessionToken.');
}

function toBillingOSError(error: unknown): BillingOSError {
  // Not instanceof: the error may come from another copy of this package.
  if (error instanceof Error && error.name === 'BillingOSError') return error as BillingOSError;
  return new BillingOSError('SESSION_ENDPOINT_FAILED', 'The source of tokens failed.', {
    cause: error,
    retryable: true,
  });
}
