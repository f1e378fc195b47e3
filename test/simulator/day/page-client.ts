import { createBillingClient } from '../../../client/client.ts';
import { billingErrorOf } from '../../../client/failure.ts';
import { ViewerDocument } from '../../../client/generated.ts';
import type { Host } from '../../../client/session/host.ts';
import { customerOf } from '../../../client/session/customer.ts';

/** Whose data an operation showed, or the code with which it failed. */
export type Outcome = { readonly customerId: string; readonly userId: string | null } | { readonly code: string };

/** What a page has in it: our client, or another one that is compared with it. */
export interface PageClient {
  operate(): Promise<Outcome>;
  /** Whose token it holds, whether that counts or not. */
  customerId(): string | undefined;
  /** Which session that is. */
  sessionId(): string | undefined;
  /** The user logged in again, in this page's own site. */
  retry(): void;
  signOut(): void;
  dispose(): void;
}

export type OpenClient = (host: Host, sessionTokenUrl: string) => PageClient;

export const openBillingClient: OpenClient = (host, sessionTokenUrl) => {
  const { client, session, signOut } = createBillingClient({ sessionTokenUrl, host });
  return {
    async operate() {
      const { data, error } = await client.query(ViewerDocument, {}).toPromise();
      if (data) return { customerId: data.viewer.id, userId: data.viewer.externalUserId };
      return { code: error ? billingErrorOf(error).code : 'NOTHING' };
    },
    customerId: () => customerOf(session),
    sessionId: () => session.newest()?.life.claims.sessionId,
    retry: session.retry,
    signOut: () => void signOut(),
    dispose: session.dispose,
  };
};
