import type { Mode } from './header.tsx';

const server = `import {
  BillingOS,
  expressSessionHandler,
} from 'billingos/node';

const billingos = new BillingOS({
  secretKey: process.env.BILLINGOS_SECRET_KEY,
});

app.all('/api/billingos-session', expressSessionHandler({
  billingos,
  authenticate: (request) => {
    const user = yourLogin(request);
    return user && {
      externalUserId: user.id,
      email: user.email,
    };
  },
}));`;

const page: Readonly<Record<Mode, string>> = {
  automatic: `import {
  BillingOSProvider,
  useCustomer,
} from 'billingos/react';

<BillingOSProvider sessionTokenUrl="/api/billingos-session">
  <Account />
</BillingOSProvider>

function Account() {
  const { customer } = useCustomer();
  return customer && <p>{customer.email}</p>;
}`,
  manual: `import { BillingOSProvider } from 'billingos/react';

// Renew it in time; null while there is none.
<BillingOSProvider sessionToken={token}>
  <Account />
</BillingOSProvider>`,
};

interface CodeProps {
  readonly mode: Mode;
  readonly place: 'alone' | 'beside';
}

/** All that a shop has to write. */
export function Code({ mode, place }: CodeProps) {
  return (
    <section className={`card code ${place}`} aria-labelledby="code-title">
      <h2 id="code-title">All that the shop had to write</h2>
      <div className="snippets">
        <div>
          <h3>On its server</h3>
          <pre tabIndex={0}>{server}</pre>
        </div>
        <div>
          <h3>On its page</h3>
          <pre tabIndex={0}>{page[mode]}</pre>
        </div>
      </div>
    </section>
  );
}
