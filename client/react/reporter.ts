import type { BillingOSError } from '../errors.ts';
import type { Session } from '../session/session.ts';

interface Listeners {
  readonly onSignedOut?: (() => void) | undefined;
  readonly onError?: ((error: BillingOSError) => void) | undefined;
  readonly debug?: boolean | undefined;
}

/** Tells the app what happens to its session, whoever listens at that moment. @returns what stops it. */
export const createReporter = (session: Session, listeners: () => Listeners): (() => void) =>
  session.subscribe(() => {
    const state = session.state();
    const { onSignedOut, onError, debug } = listeners();
    // oxlint-disable-next-line no-console -- what `debug` is for
    if (debug) console.debug(`[billingos] ${state.kind}${'error' in state ? reasonOf(state.error) : ''}`);
    if (state.kind === 'signedOut') onSignedOut?.();
    else if ('error' in state) onError?.(state.error);
  });

/** What an app throws in `getSessionToken` may repeat what it was given. */
const reasonOf = ({ code, message }: BillingOSError) =>
  ` (${code}: ${message.replaceAll(/(bos_session|sk)_\S+/g, '$1_…')})`;
