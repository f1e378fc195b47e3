'use client';

export { BillingOSProvider, type BillingOSProviderProps } from './provider.tsx';
export { useBillingOS } from './context.ts';
export { useSession, type UseSession } from './use-session.ts';
export { useCustomer, type UseCustomer } from './use-customer.ts';
export type { BillingClient } from '../client.ts';
export type { Endpoints } from '../endpoint.ts';
export { billingErrorOf } from '../failure.ts';
export { BillingOSError, type BillingOSErrorCode } from '../errors.ts';
export type { CustomerFragment as Customer } from '../generated.ts';
export type { AskForSession, SessionRequest } from '../session/source.ts';
export type { SessionState } from '../session/state.ts';
