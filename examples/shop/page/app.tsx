import { BillingOSProvider } from 'billingos/react';
import { useEffect, useState } from 'react';
import { Automatic } from './automatic.tsx';
import { BillingView } from './billing-view.tsx';
import { Code } from './code.tsx';
import { Flow } from './flow.tsx';
import { Header, type Mode } from './header.tsx';
import { JournalList } from './journal-list.tsx';
import { LoginForm } from './login-form.tsx';
import { Manual } from './manual.tsx';
import { PricingView } from './pricing-view.tsx';
import { type Login, shopApi, type User } from './shop-api.ts';
import { Studio } from './studio/studio.tsx';
import { useView } from './view.ts';

const billingViews = { studio: Studio, pricing: PricingView, billing: BillingView };

/** The whole page: who is logged in at the shop, what it sells, and the two ways to give the SDK a token. */
export function App() {
  const [users, setUsers] = useState<readonly User[]>();
  const [login, setLogin] = useState<Login | null>(null);
  const [mode, setMode] = useState<Mode>('automatic');
  const view = useView();

  useEffect(() => {
    const enter = async () => {
      const me = await shopApi.me();
      setLogin(me.login);
      setUsers(me.users);
    };
    void enter();
  }, []);

  if (!users) return null;
  const askWho = () => setLogin(null);
  const Dashboard = mode === 'automatic' ? Automatic : Manual;
  const BillingPart = view === 'tokens' ? undefined : billingViews[view];
  return (
    <>
      <Header user={login?.user} view={view} mode={mode} onMode={setMode} />
      <main>
        {!login && (
          <>
            <LoginForm users={users} onLogin={setLogin} />
            <Flow />
            <Code mode={mode} place="alone" />
          </>
        )}
        {login && BillingPart && (
          <BillingOSProvider sessionTokenUrl="/api/billingos-session">
            <BillingPart />
          </BillingOSProvider>
        )}
        {login && !BillingPart && (
          <>
            <Dashboard login={login} onLogin={askWho} />
            <div className="pair">
              <JournalList />
              <Code mode={mode} place="beside" />
            </div>
          </>
        )}
      </main>
      <footer>
        Kettle & Crane is an invented shop. Its users are invented, its tea cannot be drunk; the tokens, the service and
        the database are real, and no card is ever charged.
      </footer>
    </>
  );
}
