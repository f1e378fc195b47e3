import { useSyncExternalStore } from 'react';
import type { BillingClient } from '../client.ts';
import type { SessionState } from '../session/state.ts';

/** Where the session stands; renders again when that changes. Hydration begins with what a server saw. */
export const useSessionState = ({ session, firstState }: BillingClient): SessionState =>
  useSyncExternalStore(session.subscribe, session.state, () => firstState);
