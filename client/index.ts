/** The client without React: `billingos/client`. */
export { createBillingClient, type BillingClient, type BillingClientOptions } from './client.ts';
export type { Endpoints } from './endpoint.ts';
export { BillingOSError, type BillingOSErrorCode } from './errors.ts';
export { billingErrorOf } from './failure.ts';
export type { Clock, Host, Page, Timers, Wake } from './session/host.ts';
export type { HeldToken } from './session/life.ts';
export type { Session } from './session/session.ts';
export type { AskForSession, SessionRequest } from './session/source.ts';
export type { SessionState } from './session/state.ts';
