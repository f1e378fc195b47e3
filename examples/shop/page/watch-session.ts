import type { BillingClient, SessionState } from 'billingos/react';
import type { Entry, Journal } from './journal.ts';
import { mask } from './mask.ts';

type Session = BillingClient['session'];

/** Notes what becomes of the session. @returns what stops it. */
export function watchSession(session: Session, journal: Journal): () => void {
  let before = session.state();
  return session.subscribe(() => {
    const state = session.state();
    const entry = entryOf(before, state, session.newest()?.token);
    before = state;
    if (entry) journal.add(entry);
  });
}

function entryOf(
  before: SessionState,
  state: SessionState,
  token: string | undefined,
): Omit<Entry, 'id' | 'at'> | undefined {
  switch (state.kind) {
    case 'ready': {
      if (!token || ('life' in before && before.life === state.life)) return undefined;
      const title = before.kind === 'refreshing' ? 'Refreshed: the next token is here' : 'A token is here';
      const detail = `${mask(token)} · counts for ${state.life.lifetimeMs / 1000} s`;
      return { tone: 'good', title, detail, token: mask(token) };
    }
    case 'refreshing':
      if (before.kind === 'refreshing') return undefined;
      return { tone: 'calm', title: 'It is time: asking for the next token', detail: 'the old one still counts' };
    case 'loading':
      return 'life' in before ? { tone: 'bad', title: 'The token was refused: asking for another one' } : undefined;
    case 'offline':
    case 'backingOff':
      return { tone: 'bad', title: 'No token came: trying again soon', detail: state.error.code };
    case 'signedOut':
      return { tone: 'bad', title: 'Signed out', detail: state.error.message };
    case 'broken':
      return { tone: 'bad', title: `Stopped: ${state.error.code}`, detail: state.error.message };
    default:
      return undefined;
  }
}
