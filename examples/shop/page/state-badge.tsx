import type { SessionState } from 'billingos/react';

type Kind = SessionState['kind'];

const tones: Readonly<Record<Kind, 'calm' | 'good' | 'bad'>> = {
  idle: 'calm',
  loading: 'calm',
  ready: 'good',
  refreshing: 'calm',
  offline: 'bad',
  backingOff: 'bad',
  signedOut: 'bad',
  broken: 'bad',
};

/** The kind of the union that `useSession` gives, as it is written in code. */
export function StateBadge({ state }: { readonly state: SessionState }) {
  return (
    <span className={`badge ${tones[state.kind]}`} data-testid="state" aria-live="polite">
      {state.kind}
    </span>
  );
}
