/** No two asks are closer than this, whatever the answers are. */
export const minimumGapMs = 5_000;

const shortestLeadMs = 5_000;
const longestLeadMs = 60_000;
const longestBackoffMs = 60_000;
// Longer than that is a mistake of a server, and must not end a page's billing for a day.
const longestRetryAfterMs = 300_000;

const clamp = (value: number, least: number, most: number) => Math.min(Math.max(value, least), most);

/**
 * How long before its end a token is replaced: a tenth of its life, 5 to 60 seconds, and up to half of that more by chance, so that
 * pages opened together do not ask together. Never more than half of a life that is shorter than any the service issues.
 */
export function leadMs(lifetimeMs: number, random: number): number {
  const lead = clamp(lifetimeMs / 10, shortestLeadMs, longestLeadMs) * (1 + random / 2);
  return Math.min(lead, lifetimeMs / 2);
}

/** How long to wait after the nth failure in a row (from 1): chance over a doubling span, but at least what `Retry-After` asked for, up to five minutes. */
export function backoffMs(failures: number, random: number, retryAfterSeconds = 0): number {
  const spanMs = Math.min(minimumGapMs * 2 ** failures, longestBackoffMs);
  return Math.max(minimumGapMs, Math.min(retryAfterSeconds * 1000, longestRetryAfterMs), random * spanMs);
}
