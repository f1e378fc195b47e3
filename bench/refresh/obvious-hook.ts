import type { Host } from '../../client/session/host.ts';
import type { OpenClient, Outcome } from '../../test/simulator/day/page-client.ts';

const renewBeforeMs = 300_000;
/** Nobody waits for the end of a page that asks without end: days of which that is known are not lived with it. */
const mostAsks = 10_000;
const body = JSON.stringify({ query: '{ viewer { id externalUserId } }' });

interface Held {
  readonly sessionToken: string;
  readonly expiresAt: string;
}

/**
 * What the obvious hook does, without React: the token is a state, and each change of it runs the effect that sets one timer, for five
 * minutes before the date that came with the token. A fetch that fails is an error that is shown, and that is all.
 */
export const openObviousHook: OpenClient = (host, sessionTokenUrl) => {
  let held: Held | undefined;
  let timer: unknown;
  let asks = 0;
  let isMounted = true;

  async function fetchToken() {
    asks += 1;
    if (asks > mostAsks) throw new Error('a page of the obvious hook asks without end');
    const response = await host.fetch(sessionTokenUrl, { credentials: 'include' }).catch(() => undefined);
    const answer = response?.ok ? ((await response.json().catch(() => undefined)) as Held | undefined) : undefined;
    if (!answer?.sessionToken || !isMounted) return;
    held = answer;
    effect(answer);
  }

  function effect({ expiresAt }: Held) {
    host.timers.clear(timer);
    const delayMs = Date.parse(expiresAt) - host.clock.calendarMs() - renewBeforeMs;
    timer = host.timers.set(() => void fetchToken(), Math.max(0, delayMs));
  }

  function unmount() {
    isMounted = false;
    host.timers.clear(timer);
  }

  const first = fetchToken();
  return {
    operate: () => first.then(() => operate(host, held?.sessionToken)),
    customerId: () => held && claimsOf(held.sessionToken).sub,
    sessionId: () => held && claimsOf(held.sessionToken).sid,
    retry: () => void fetchToken(),
    signOut() {
      host.timers.clear(timer);
      held = undefined;
    },
    dispose: unmount,
  };
};

async function operate({ fetch }: Host, token: string | undefined): Promise<Outcome> {
  if (token === undefined) return { code: 'NO_TOKEN' };
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await fetch(`${claimsOf(token).iss}/graphql`, { method: 'POST', headers, body }).catch(
    () => undefined,
  );
  if (!response) return { code: 'NETWORK_ERROR' };
  const { data, errors } = (await response.json()) as Answer;
  return data
    ? { customerId: data.viewer.id, userId: data.viewer.externalUserId }
    : { code: errors?.[0]?.extensions.code ?? 'NOTHING' };
}

interface Answer {
  readonly data?: { readonly viewer: { readonly id: string; readonly externalUserId: string } };
  readonly errors?: readonly { readonly extensions: { readonly code: string } }[];
}

const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    iss: string;
    sub: string;
    sid: string;
  };
