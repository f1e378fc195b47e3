import { useMemo, useSyncExternalStore } from 'react';
import type { BillingOSError } from '../errors.ts';
import { ViewerDocument, type CustomerFragment } from '../generated.ts';
import { useBillingOS } from './context.ts';
import { createQueryStore } from './query-store.ts';

export type UseCustomer = (
  | { readonly status: 'loading'; readonly customer?: undefined; readonly error?: undefined }
  | { readonly status: 'ready'; readonly customer: CustomerFragment; readonly error?: undefined }
  | { readonly status: 'failed'; readonly customer?: undefined; readonly error: BillingOSError }
) & {
  readonly refetch: () => void;
};

/** The customer whose billing the session shows. */
export function useCustomer(): UseCustomer {
  const billing = useBillingOS();
  const store = useMemo(() => createQueryStore(billing, ViewerDocument, {}), [billing]);
  const state = useSyncExternalStore(store.subscribe, store.state, store.state);
  return useMemo(() => {
    const { refetch } = store;
    if (state.status === 'ready') return { status: 'ready', customer: state.data.viewer, refetch };
    return { ...state, refetch };
  }, [state, store]);
}
