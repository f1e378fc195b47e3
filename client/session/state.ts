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
  /** Nobody is logged in, until `retry()` or a new token. */
  | { readonly kind: 'signedOut'; readonly error: BillingOSError }
  /** Asking again would not help, until `retry()` or a new token. */
  | { readonly kind: 'broken'; readonly error: BillingOSError };

export type SessionEvent =
  | { readonly kind: 'asked' }
  | { readonly kind: 'received'; readonly life: TokenLife }
  | { readonly kind: 'failed'; readonly error: BillingOSError; readonly isOnline: boolean }
  | { readonly kind: 'refused' }
  | { readonly kind: 'signedOut'; readonly error: BillingOSError }
  | { readonly kind: 'gaveUp'; readonly error: BillingOSError }
  | { readonly kind: 'retried' }
  | { readonly kind: 'stopped' };

export const lifeOf = (state: SessionState): TokenLife | undefined => ('life' in state ? state.life : undefined);

/** Whether nothing happens until the app does something. */
export const isTerminal = (state: SessionState): state is Extract<SessionState, { kind: 'signedOut' | 'broken' }> =>
  state.kind === 'signedOut' || state.kind === 'broken';

/** Every change of a session, and no other. A terminal state comes back as the same object unless the app or a token ends it. */
export function transition(state: SessionState, event: SessionEvent): SessionState {
  switch (event.kind) {
    case 'received':
      return { kind: 'ready', life: event.life };
    case 'signedOut':
      return state.kind === 'signedOut' ? state : { kind: 'signedOut', error: event.error };
    case 'gaveUp':
      return { kind: 'broken', error: event.error };
    case 'retried':
      return onItsWay(lifeOf(state));
    default:
      return isTerminal(state) ? state : passing(state, event);
  }
}

type PassingEvent = Exclude<SessionEvent, { kind: 'received' | 'signedOut' | 'gaveUp' | 'retried' }>;

function passing(state: SessionState, event: PassingEvent): SessionState {
  const life = lifeOf(state);
  switch (event.kind) {
    case 'asked':
      return onItsWay(life);
    case 'refused':
      return onItsWay(undefined);
    case 'failed':
      return { kind: event.isOnline ? 'backingOff' : 'offline', life, error: event.error };
    default:
      return life ? { kind: 'ready', life } : { kind: 'idle' };
  }
}

const onItsWay = (life: TokenLife | undefined): SessionState =>
  life ? { kind: 'refreshing', life } : { kind: 'loading' };
