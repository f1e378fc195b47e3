import { useCallback } from 'react';
import { useBillingOS } from '../context.ts';
import { changedElsewhere } from './changes.ts';
import { askAgain } from './shared-query.ts';

/** Asks again for all that is shown of the customer’s billing: call it when your server has changed something. */
export function useRefetchBilling(): () => void {
  const { client } = useBillingOS();
  return useCallback(() => askAgain(client, changedElsewhere), [client]);
}
