import { BillingOSProvider, useBillingOS, useCustomer } from 'billingos/react';
import { Actions } from './actions.tsx';
import { CustomerCard } from './customer-card.tsx';
import { Flow } from './flow.tsx';
import { LifetimePicker } from './lifetime-picker.tsx';
import type { Login } from './shop-api.ts';
import { TokenCard } from './token-card.tsx';
import { useWatchedSession } from './use-watched-session.ts';

export interface DashboardProps {
  readonly login: Login;
  /** The user wants to log in at the shop again. */
  readonly onLogin: () => void;
}

/** One line is all it takes: where the shop's server hands out tokens. The SDK asks, and asks again in time. */
export function Automatic({ login, onLogin }: DashboardProps) {
  return (
    <BillingOSProvider sessionTokenUrl="/api/billingos-session">
      <Dashboard login={login} onLogin={onLogin} />
    </BillingOSProvider>
  );
}

function Dashboard({ login, onLogin }: DashboardProps) {
  const { session } = useBillingOS();
  const customer = useCustomer();
  useWatchedSession();

  return (
    <>
      <Flow />
      <div className="cards">
        <TokenCard onLogin={onLogin}>
          <LifetimePicker initialSeconds={login.tokenLifetimeSeconds} onChanged={session.retry} />
        </TokenCard>
        <CustomerCard customer={customer} />
        <Actions refetch={customer.refetch} />
      </div>
    </>
  );
}
