/** What the load generator shall do, and what it reports. Both travel between processes as JSON. */
export interface LoadJob {
  readonly url: string;
  readonly seconds: number;
  /** All of them wait for their answer before they send the next request. */
  readonly connections?: number;
  /** Whoever has no answer yet sends nothing, but the others do: with many connections, what comes however slow the answers are. */
  readonly requestsPerSecond?: number;
  /** Each connection sends an equal share of them in turn, so there should be one for each at least. */
  readonly requests: readonly LoadRequest[];
  /** An answer without this text is a failure. */
  readonly expected: string;
  /** Whether a server under more load than it can bear may answer 503. */
  readonly refusals?: 'failures' | 'counted';
}

export interface LoadRequest {
  /** The whole header. */
  readonly authorization: string;
  readonly contentType?: string;
  readonly body: string;
}

export interface LoadReport {
  readonly requestsPerSecond: number;
  /** That were answered. */
  readonly requests: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  /** 503, which is an answer where refusals are counted. */
  readonly refusedPerSecond: number;
  /** How long those who were refused waited for it; 0 when there are none. */
  readonly refusedMedianMs: number;
  readonly refusedP99Ms: number;
  /** Answers that were wrong or missing. */
  readonly failures: number;
  /** The share of one core that the generator used: near 1 it measured itself. */
  readonly generatorBusy: number;
}

/** Where a job says nothing else. */
export const defaultConnections = 32;
