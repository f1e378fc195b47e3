import type { BillingOSError } from '../errors.ts';
import type { TokenLife } from './life.ts';

/** Where a session stands. `life` belongs to a token that is held and was not refused: it serves while it counts. */
export type SessionState =
  /** Not started, or stopped before a token came. */
  | { readonly kind: 'idle' }
  /** No token is held; one is on its way. */
  | { readonly kind: 'loading' }
  | { readonly kind: 'ready'; readonly life: TokenLife }
  /** The next token is on its way. */
  | { readonly kind: 'refreshing'; readonly life: TokenLife }
  /** The last ask failed; the next one comes by itself. */
  | { readonly kind: 'offline' | 'backingOff'; readonly life: TokenLife | undefined; readonly error: BillingOSError }
  | TerminalState;

export type TerminalState =
  /** Nobody is logged in, until `retry()` or a new token. */
  | { readonly kind: 'signedOut'; readonly error: BillingOSError }
  /** Asking again would not help, until `retry()` or a new token. */
  | { readonly kind: 'broken'; readonly error: BillingOSError };

export type SessionEvent =
  | { readonly kind: 'asked' | 'refused' | 'retried' | 'stopped' }
  | { readonly kind: 'received'; readonly life: TokenLife }
  | { readonly kind: 'failed'; readonly error: BillingOSError; readonly isOnline: boolean }
  | { readonly kind: 'ended'; readonly as: TerminalState };

export const lifeOf = (state: SessionState & { readonly life?: TokenLife | undefined }) => state.life;

/** Whether nothing happens until the app does something. */
export const isTerminal = (state: SessionState): state is TerminalState =>
  state.kind === 'signedOut' || state.kind === 'broken';

/** Every change of a session, and no other. A terminal state comes back as the same object unless the app or a token ends it. */
export function transition(state: SessionState, event: SessionEvent): SessionState {
  const life = lifeOf(state);
  switch (event.kind) {
    case 'received':
      return { kind: 'ready', life: event.life };
    case 'ended':
      return state.kind === 'signedOut' && event.as.kind === 'signedOut' ? state : event.as;
    case 'retried':
      return onItsWay(life);
  }
  if (isTerminal(state)) return state;
  switch (event.kind) {
    case 'asked':
      return onItsWay(life);
    case 'refused':
      return onItsWay();
    case 'failed':
      return { kind: event.isOnline ? 'backingOff' : 'offline', life, error: event.error };
    case 'stopped':
      return life ? { kind: 'ready', life } : { kind: 'idle' };
  }
}

const onItsWay = (life?: TokenLife): SessionState => (life ? { kind: 'refreshing', life } : { kind: 'loading' });
