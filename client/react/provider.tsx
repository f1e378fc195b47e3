import { useEffect, useRef, useState, type ReactNode } from 'react';
import { prepareBillingClient, type BillingClient, type BillingClientOptions } from '../client.ts';
import type { BillingOSError } from '../errors.ts';
import { isTerminal, lifeOf, type SessionState } from '../session/state.ts';
import { BillingOSContext } from './context.ts';
import { createReporter } from './reporter.ts';
import { useSessionState } from './use-session-state.ts';

export type BillingOSProviderProps = BillingClientOptions & {
  readonly children?: ReactNode;
  /** Shown instead of the children while the first token is on its way; without it they are there from the start. */
  readonly loadingFallback?: ReactNode;
  /** Nobody is logged in any more: the endpoint said so, or the app signed out. */
  readonly onSignedOut?: (() => void) | undefined;
  /** An ask failed or the session broke; most pass by themselves, and operations go on while a token counts. */
  readonly onError?: ((error: BillingOSError) => void) | undefined;
  /** Writes one line to the console for each change of the session; never a token. */
  readonly debug?: boolean | undefined;
};

/**
 * Gives one customer's session to all components below. Everything given may be written inline: nothing restarts when it changes.
 * A new `sessionToken` is taken over; `endpoints` and which of the three sources it is stay as they were at first.
 */
export function BillingOSProvider(props: BillingOSProviderProps) {
  const { children, loadingFallback } = props;
  const billing = useStableClient(props);
  const state = useSessionState(billing);
  const [isOpen, setIsOpen] = useState(loadingFallback === undefined);
  // Once open for ever open: what the children hold must outlive every refresh and sign-out.
  if (!isOpen && !isWaiting(state)) setIsOpen(true);

  return <BillingOSContext.Provider value={billing}>{isOpen ? children : loadingFallback}</BillingOSContext.Provider>;
}

function useStableClient(props: BillingOSProviderProps): BillingClient {
  // The newest props are looked up, so that none of them has to be the same object twice.
  const latest = useRef(props);
  // oxlint-disable-next-line react/refs -- read once in a render, at the first, where it is what was given
  const [billing] = useState(() => prepareBillingClient(() => latest.current));

  useEffect(() => {
    latest.current = props;
  });
  useEffect(() => createReporter(billing.session, () => latest.current), [billing]);
  useEffect(() => {
    billing.session.start();
    return billing.session.dispose;
  }, [billing]);

  const { sessionToken } = props;
  useEffect(() => {
    if (sessionToken) billing.session.adopt(sessionToken);
    else if (sessionToken === null && billing.session.newest()) billing.session.signOut();
  }, [billing, sessionToken]);

  return billing;
}

/** Whether the first token may still come by itself. */
const isWaiting = (state: SessionState) => !isTerminal(state) && !lifeOf(state);
