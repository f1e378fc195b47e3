import { BillingOSProvider, useCustomer } from 'billingos/react';
import { useState } from 'react';
import { ActionList } from './action-list.tsx';
import type { DashboardProps } from './automatic.tsx';
import { CustomerCard } from './customer-card.tsx';
import { Flow } from './flow.tsx';
import { PasteToken } from './paste-token.tsx';
import { shopApi } from './shop-api.ts';
import { TokenCard } from './token-card.tsx';
import { useWatchedSession } from './use-watched-session.ts';

type SetToken = (token: string | null) => void;

/** The page gets its tokens itself, and hands them to the provider. Renewing them in time is its own business. */
export function Manual({ onLogin }: DashboardProps) {
  const [token, setToken] = useState<string | null>(null);
  return (
    <BillingOSProvider sessionToken={token}>
      <Dashboard onLogin={onLogin} onToken={setToken} />
    </BillingOSProvider>
  );
}

function Dashboard({ onLogin, onToken }: { readonly onLogin: () => void; readonly onToken: SetToken }) {
  const customer = useCustomer();
  useWatchedSession();

  const fetchToken = async () => {
    const token = await shopApi.sessionToken();
    onToken(token);
    if (token === null && (await shopApi.me()).login === null) onLogin();
  };

  return (
    <>
      <Flow />
      <div className="cards">
        <TokenCard>
          <PasteToken onToken={onToken} />
        </TokenCard>
        <CustomerCard customer={customer} />
        <ActionList
          title="Renew it yourself"
          lead="Nobody asks for the next token but you: let this one run out, and the session stops."
          disabled={false}
          actions={[
            {
              name: 'Fetch a token',
              effect: 'The page asks the shop’s server and hands the token to the provider.',
              run: fetchToken,
            },
            {
              name: 'Take it away',
              effect: 'The page hands null to the provider: signed out, until a token comes.',
              run: () => onToken(null),
            },
          ]}
        />
      </div>
    </>
  );
}
