import type { Host } from '../../../client/session/host.ts';
import type { OpenClient, Outcome } from './page-client.ts';

/** What is wrong with it. Each breaks one promise, and the day must notice. */
export type Flaw =
  | 'never renews'
  | 'asks for each operation'
  | 'keeps the token after sign-out'
  | 'leaves a timer behind'
  | 'shows whoever was here first'
  | 'never answers'
  | 'hangs after an outage'
  | 'ignores retry';

interface Answer {
  readonly data?: { readonly viewer: { readonly id: string; readonly externalUserId: string } };
  readonly errors?: readonly { readonly extensions: { readonly code: string } }[];
}

/** A client as one would write it in an hour, good for one tab on a quiet day, but for its flaw. */
export const openNaiveClient =
  (flaw: Flaw | undefined): OpenClient =>
  (host, sessionTokenUrl) => {
    let token: string | undefined;
    let shown: Outcome | undefined;
    let timer: unknown;
    let isHanging = false;

    async function renew() {
      const response = await host.fetch(sessionTokenUrl).catch(() => undefined);
      if (!response?.ok) return;
      const answer = (await response.json()) as { sessionToken: string; expiresIn: number };
      token = answer.sessionToken;
      host.timers.clear(timer);
      if (flaw !== 'never renews') timer = host.timers.set(() => void renew(), answer.expiresIn * 900);
    }

    async function operate(): Promise<Outcome> {
      if (flaw === 'never answers' || isHanging) return new Promise(() => {});
      if (token === undefined || flaw === 'asks for each operation') await renew();
      const outcome = await send(host, token);
      if (flaw === 'hangs after an outage' && 'code' in outcome) isHanging = true;
      shown ??= outcome;
      return flaw === 'shows whoever was here first' ? shown : outcome;
    }

    const first = renew();
    return {
      operate: () => first.then(operate),
      customerId: () => token && claimsOf(token).sub,
      sessionId: () => token && claimsOf(token).sid,
      retry: () => void (flaw === 'ignores retry' ? undefined : renew()),
      signOut() {
        host.timers.clear(timer);
        if (flaw !== 'keeps the token after sign-out') token = undefined;
      },
      dispose() {
        if (flaw !== 'leaves a timer behind') host.timers.clear(timer);
      },
    };
  };

async function send({ fetch }: Host, token: string | undefined): Promise<Outcome> {
  if (token === undefined) return { code: 'SIGNED_OUT' };
  const request = {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: '{"query":"{ viewer { id externalUserId } }"}',
  };
  const response = await fetch(`${claimsOf(token).iss}/graphql`, request).catch(() => undefined);
  if (!response) return { code: 'NETWORK_ERROR' };
  const { data, errors } = (await response.json()) as Answer;
  return data
    ? { customerId: data.viewer.id, userId: data.viewer.externalUserId }
    : { code: errors?.[0]?.extensions.code ?? 'NOTHING' };
}

const claimsOf = (token: string) =>
  JSON.parse(atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'))) as {
    iss: string;
    sub: string;
    sid: string;
  };
