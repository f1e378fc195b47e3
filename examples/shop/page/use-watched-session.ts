import { useBillingOS } from 'billingos/react';
import { useEffect } from 'react';
import { useJournal } from './journal.ts';
import { watchSession } from './watch-session.ts';

/** Writes what becomes of the provider's session into the journal. */
export function useWatchedSession(): void {
  const { session } = useBillingOS();
  const journal = useJournal();
  useEffect(() => watchSession(session, journal), [session, journal]);
}
