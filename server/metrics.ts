import type { ErrorCode } from '../schema/error-codes.ts';
import type { Environment } from '../schema/environment.ts';

/** One answer, as it is measured. */
export interface MeasuredRequest {
  readonly environment: Environment;
  readonly route: 'graphql' | 'webhook' | 'payment_page';
  /** The root field that was asked for; `several`, `introspection`, or `none` when it never came to one. */
  readonly field: string;
  readonly status: number;
  readonly code: ErrorCode | 'OK';
  readonly durationMs: number;
}

/** Of requests for a secret key, for a customer, for an address; of keys that were not accepted. */
export type LimitName = 'secret_key' | 'customer' | 'address' | 'failure';

/** The pool of the requests, and that of the revocation feed. */
export type PoolName = 'requests' | 'feed';

/** `outage`: it could not answer. `refused`: it answered that it will not, such as for a row that is there already. */
export type DatabaseFailure = 'outage' | 'refused';

/**
 * What is counted while it happens. Every label is a word of ours: nothing that a caller sent becomes one, so that no caller
 * decides how much memory they take.
 */
export interface Metrics {
  requestBegan(): void;
  requestEnded(request: MeasuredRequest): void;
  sessionCreated(environment: Environment): void;
  /** `first`: its signature was checked. `remembered`: the same token was accepted lately. */
  tokenVerified(environment: Environment, sight: 'first' | 'remembered'): void;
  credentialRefused(
    environment: Environment,
    credential: 'token' | 'secret_key' | 'none_of_ours',
    code: ErrorCode,
  ): void;
  /** Which limit it was. */
  rateLimited(limit: LimitName): void;
  /** A request that was turned away at the door, unread. */
  overloaded(reason: 'in_flight' | 'event_loop'): void;
  databaseFailed(pool: PoolName, failure: DatabaseFailure): void;
}

const nothing = () => undefined;

/** For a process that nobody asks. */
export const unmeasured: Metrics = {
  requestBegan: nothing,
  requestEnded: nothing,
  sessionCreated: nothing,
  tokenVerified: nothing,
  credentialRefused: nothing,
  rateLimited: nothing,
  overloaded: nothing,
  databaseFailed: nothing,
};
