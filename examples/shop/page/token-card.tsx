import { useBillingOS, useSession } from 'billingos/react';
import type { ReactNode } from 'react';
import { Failure } from './failure.tsx';
import { LifeRing } from './life-ring.tsx';
import { mask } from './mask.ts';
import { StateBadge } from './state-badge.tsx';
import { TokenTrail } from './token-trail.tsx';

interface TokenCardProps {
  /** Left out where being signed out does not mean that the login at the shop has ended. */
  readonly onLogin?: () => void;
  readonly children?: ReactNode;
}

/** The session as the SDK sees it: its state, its token, and how much of that token's life is left. */
export function TokenCard({ onLogin, children }: TokenCardProps) {
  const { session } = useBillingOS();
  const { state, remainingMs } = useSession();
  const life = 'life' in state ? state.life : undefined;
  const token = life && session.newest()?.token;

  return (
    <section className="card" aria-labelledby="token-title">
      <h2 id="token-title">
        Session token <StateBadge state={state} />
      </h2>
      <div className="token">
        <LifeRing lifetimeMs={life?.lifetimeMs} remainingMs={remainingMs} />
        <dl>
          <div>
            <dt>Token</dt>
            <dd data-testid="token">{token ? <code>{mask(token)}</code> : 'none'}</dd>
          </div>
          <div>
            <dt>Session</dt>
            <dd>{life ? <code>…{life.claims.sessionId.slice(-8)}</code> : 'none'}</dd>
          </div>
          <div>
            <dt>Sent to</dt>
            <dd>{life ? <code>{life.endpoint}</code> : 'nobody'}</dd>
          </div>
        </dl>
      </div>
      {'error' in state && <Failure error={state.error} />}
      {state.kind === 'signedOut' && onLogin && (
        <button type="button" className="primary" onClick={onLogin}>
          Log in at the shop again
        </button>
      )}
      <TokenTrail />
      {children}
    </section>
  );
}
