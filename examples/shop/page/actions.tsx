import { BillingOSError, useBillingOS, useSession } from 'billingos/react';
import { ActionList } from './action-list.tsx';
import { shopApi } from './shop-api.ts';

/** Everything that can happen to a session, on purpose. */
export function Actions({ refetch }: { readonly refetch: () => void }) {
  const { session } = useBillingOS();
  const { state, signOut } = useSession();
  const sessionId = () => session.newest()?.life.claims.sessionId;

  const expire = () => {
    const token = session.newest()?.token;
    if (token) session.refused(token, new BillingOSError('TOKEN_EXPIRED', 'The token has expired.'));
    refetch();
  };
  const revoke = async () => {
    await shopApi.revoke(sessionId());
    refetch();
  };
  const leave = async () => {
    // The shop first: a service that does not answer must not keep anybody logged in.
    await shopApi.logout();
    await signOut();
  };
  const logOutInShop = async () => {
    await shopApi.logout(sessionId());
    refetch();
  };

  return (
    <ActionList
      title="Make something happen"
      lead="Nothing of this shows an error to the customer, as long as the shop knows them."
      disabled={state.kind === 'signedOut'}
      actions={[
        {
          name: 'Expire now',
          effect: 'The page takes its token for expired, as after a long sleep. It gets another one and asks again.',
          run: expire,
        },
        {
          name: 'Revoke',
          effect:
            'The shop’s server revokes this session. The service refuses the token; another one comes within seconds.',
          run: revoke,
        },
        {
          name: 'Sign out',
          effect: 'The page ends its session at the service and its login at the shop. No token comes any more.',
          run: leave,
        },
        {
          name: 'Log out in the shop only',
          effect: 'The shop ends the login and revokes the session. The page learns it when it next asks.',
          run: logOutInShop,
        },
      ]}
    />
  );
}
