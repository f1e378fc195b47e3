import { createContext, useContext } from 'react';
import type { BillingClient } from '../client.ts';

export const BillingOSContext = createContext<BillingClient | undefined>(undefined);

/** The client of the nearest provider: the same object for as long as that provider is mounted. */
export function useBillingOS(): BillingClient {
  const billing = useContext(BillingOSContext);
  if (!billing) throw new TypeError('No BillingOSProvider is around this component.');
  return billing;
}
