/** What the load generator shall do, and what it reports. Both travel between processes as JSON. */
export interface LoadJob {
  readonly url: string;
  readonly seconds: number;
  /** Each connection sends an equal share of them in turn, so there must be one for each at least. */
  readonly requests: readonly LoadRequest[];
  /** An answer without this text is a failure. */
  readonly expected: string;
}

export interface LoadRequest {
  readonly bearer: string;
  readonly body: string;
}

export interface LoadReport {
  readonly requestsPerSecond: number;
  /** That were answered. */
  readonly requests: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  /** Answers that were wrong or missing. */
  readonly failures: number;
  /** The share of one core that the generator used: near 1 it measured itself. */
  readonly generatorBusy: number;
}

/** All of them wait for their answer before they send the next request. */
export const connections = 32;
