/** No two asks are closer than this, whatever the answers are. */
export const minimumGapMs = 5_000;

export const minuteMs = 60_000;
const shortestLeadMs = 5_000;
// What `Retry-After` asks for beyond that is a mistake of a server, and must not end a page's billing for a day.
export const longestRetryAfterMs = 300_000;

/**
 * How long before its end a token is replaced: a tenth of its life, 5 to 60 seconds, and up to half of that more by chance, so that
 * pages opened together do not ask together. Never more than half of a life that is shorter than any the service issues.
 */
export const leadMs = (lifetimeMs: number, random: number): number =>
  Math.min(Math.min(Math.max(lifetimeMs / 10, shortestLeadMs), minuteMs) * (1 + random / 2), lifetimeMs / 2);

/** How long to wait after the nth failure in a row (from 1): chance over a doubling span, at least the gap, at most a minute. */
export const backoffMs = (failures: number, random: number): number =>
  Math.max(minimumGapMs, random * Math.min(minimumGapMs * 2 ** failures, minuteMs));
