import { useMemo } from 'react';
import type { SessionState } from '../session/state.ts';
import { useBillingOS } from './context.ts';
import { useSessionState } from './use-session-state.ts';

export interface UseSession {
  readonly state: SessionState;
  /** Milliseconds that the token has left now; `undefined` without one. Call it again to see it shrink. */
  readonly remainingMs: () => number | undefined;
  /** Asks for a token now, also out of `signedOut` and `broken`. */
  readonly retry: () => void;
  /** Ends the session here and at the service. */
  readonly signOut: () => Promise<void>;
}

/** Where the session stands; renders again when that changes. */
export function useSession(): UseSession {
  const billing = useBillingOS();
  const { session, signOut } = billing;
  const state = useSessionState(billing);
  return useMemo(
    () => ({ state, remainingMs: session.remainingMs, retry: session.retry, signOut }),
    [state, session, signOut],
  );
}
