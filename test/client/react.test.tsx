// @vitest-environment happy-dom
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { Activity, StrictMode, Suspense, lazy, useEffect, type ComponentType, type ReactNode } from 'react';
import { renderToString } from 'react-dom/server';
import { afterEach, expect, test, vi } from 'vitest';
import { BillingOSError, BillingOSProvider, useBillingOS, useCustomer, useSession } from '../../client/react/index.ts';
import { createApi } from './support/api.ts';
import { createMerchant } from './support/merchant.ts';
import { reportedErrors } from './support/reported-errors.ts';
import { createToken } from './support/token.ts';
import { createWorld } from './support/world.ts';

afterEach(cleanup);

function createScene(lifetimeSeconds = 60) {
  const api = createApi();
  const world = createWorld({ fetch: api.fetch });
  const merchant = createMerchant(world, lifetimeSeconds);
  const advance = (ms: number) => act(() => world.advance(ms));
  return { api, world, merchant, advance, host: world.host };
}

function Customer() {
  const { status, customer, error } = useCustomer();
  return <p>{customer?.id ?? error?.code ?? status}</p>;
}

function State() {
  const { state } = useSession();
  return <p>{state.kind}</p>;
}

function Life() {
  const { remainingMs } = useSession();
  return <p>{remainingMs()}</p>;
}

function Buttons() {
  const { retry, signOut } = useSession();
  return (
    <>
      <button onClick={retry}>retry</button>
      <button onClick={() => void signOut()}>sign out</button>
    </>
  );
}

function Mounted({ onMount, onUnmount }: { onMount: () => void; onUnmount: () => void }) {
  useEffect(() => {
    onMount();
    return onUnmount;
  }, [onMount, onUnmount]);
  return <Customer />;
}

test('a component sees the customer of the session', async () => {
  const { merchant, advance, host } = createScene();
  render(
    <BillingOSProvider getSessionToken={merchant.ask} host={host}>
      <Customer />
    </BillingOSProvider>,
  );
  expect(screen.getByText('loading')).toBeTruthy();
  await advance(0);
  expect(screen.getByText('cus_ada')).toBeTruthy();
});

test('StrictMode asks once and shows the customer', async () => {
  const { api, merchant, advance, host } = createScene();
  render(
    <StrictMode>
      <BillingOSProvider getSessionToken={merchant.ask} host={host}>
        <Customer />
      </BillingOSProvider>
    </StrictMode>,
  );
  await advance(0);
  expect(screen.getByText('cus_ada')).toBeTruthy();
  expect(merchant.asks).toHaveLength(1);
  expect(api.sent).toHaveLength(1);
});

test('children are mounted once over a hundred refreshes, and the client stays the same', async () => {
  const { merchant, advance, host } = createScene();
  const onMount = vi.fn();
  const onUnmount = vi.fn();
  const clients = new Set<unknown>();
  function Client() {
    clients.add(useBillingOS());
    useSession();
    return null;
  }
  render(
    <BillingOSProvider getSessionToken={merchant.ask} loadingFallback={<i>wait</i>} host={host}>
      <Mounted onMount={onMount} onUnmount={onUnmount} />
      <Client />
    </BillingOSProvider>,
  );
  expect(screen.getByText('wait')).toBeTruthy();
  await advance(100 * 60_000);
  expect(merchant.asks.length).toBeGreaterThan(100);
  expect(onMount).toHaveBeenCalledTimes(1);
  expect(onUnmount).not.toHaveBeenCalled();
  expect(clients.size).toBe(1);
});

test('children stay mounted through sign-out and the next login', async () => {
  const { merchant, advance, host } = createScene();
  const onMount = vi.fn();
  const onUnmount = vi.fn();
  render(
    <BillingOSProvider getSessionToken={merchant.ask} loadingFallback={<i>wait</i>} host={host}>
      <Mounted onMount={onMount} onUnmount={onUnmount} />
      <Buttons />
    </BillingOSProvider>,
  );
  await advance(0);
  fireEvent.click(screen.getByText('sign out'));
  await advance(0);
  expect(screen.getByText('SIGNED_OUT')).toBeTruthy();

  merchant.customerId = 'cus_grace';
  fireEvent.click(screen.getByText('retry'));
  await advance(5_000);
  expect(screen.getByText('cus_grace')).toBeTruthy();
  expect(onMount).toHaveBeenCalledTimes(1);
  expect(onUnmount).not.toHaveBeenCalled();
});

test('nobody sees what was shown to the customer before', async () => {
  const { merchant, advance, host } = createScene(60);
  const seen: string[] = [];
  function Watch() {
    const { session } = useBillingOS();
    const { customer } = useCustomer();
    useSession();
    seen.push(`${session.newest()?.life.claims.customerId} sees ${customer?.id}`);
    return null;
  }
  render(
    <BillingOSProvider getSessionToken={merchant.ask} host={host}>
      <Watch />
      <Watch />
    </BillingOSProvider>,
  );
  await advance(0);
  merchant.customerId = 'cus_grace';
  await advance(60_000);
  expect(seen).toContain('cus_ada sees cus_ada');
  expect(seen).toContain('cus_grace sees cus_grace');
  expect(seen).not.toContain('cus_grace sees cus_ada');
});

test('inline callbacks and objects restart nothing, and the newest callback is the one that is called', async () => {
  const { merchant, advance, host } = createScene(3600);
  const calls: string[] = [];
  const view = (name: string) => (
    <BillingOSProvider
      getSessionToken={() => merchant.ask()}
      endpoints={{}}
      onSignedOut={() => calls.push(`${name} signed out`)}
      onError={({ code }) => calls.push(`${name} ${code}`)}
      host={host}
    >
      <State />
    </BillingOSProvider>
  );
  const { rerender } = render(view('first'));
  await advance(0);
  for (let times = 0; times < 20; times += 1) rerender(view('second'));
  await advance(60_000);
  expect(merchant.asks).toHaveLength(1);

  rerender(view('third'));
  merchant.answer = 'unreachable';
  await advance(3_540_000);
  merchant.answer = 'nobody';
  await advance(60_000);
  expect(calls).toContain('third NETWORK_ERROR');
  expect(calls.at(-1)).toBe('third signed out');
});

test('the fallback makes way for the children when nobody is logged in', async () => {
  const { merchant, advance, host } = createScene();
  merchant.answer = 'nobody';
  render(
    <BillingOSProvider getSessionToken={merchant.ask} loadingFallback={<i>wait</i>} host={host}>
      <State />
    </BillingOSProvider>,
  );
  await advance(0);
  expect(screen.getByText('signedOut')).toBeTruthy();
});

test('children that suspend keep the session', async () => {
  const { merchant, advance, host } = createScene();
  const Late = lazy(() => Promise.resolve({ default: Customer }));
  render(
    <Suspense fallback={<i>suspended</i>}>
      <BillingOSProvider getSessionToken={merchant.ask} host={host}>
        <Suspense fallback={<i>inner</i>}>
          <Late />
        </Suspense>
      </BillingOSProvider>
    </Suspense>,
  );
  await advance(0);
  await advance(0);
  expect(screen.getByText('cus_ada')).toBeTruthy();
  expect(merchant.asks).toHaveLength(1);
});

test('nothing is left behind when the provider goes while an ask is under way', async () => {
  const { world, merchant, advance, host } = createScene();
  merchant.answer = 'silence';
  const { unmount } = render(
    <BillingOSProvider getSessionToken={merchant.ask} host={host}>
      <Customer />
    </BillingOSProvider>,
  );
  await advance(0);
  unmount();
  expect(world.timerCount()).toBe(0);
  expect(world.listenerCount()).toBe(0);
  await advance(3_600_000);
  expect(merchant.asks).toHaveLength(1);
});

const page = (
  props: { ask: () => Promise<string>; host: ReturnType<typeof createWorld>['host'] },
  fallback?: ReactNode,
) => (
  <BillingOSProvider getSessionToken={props.ask} loadingFallback={fallback} host={props.host}>
    <Customer />
  </BillingOSProvider>
);

test.each([undefined, <i key="wait">wait</i>])(
  'rendering on a server asks and sends nothing, and hydrates as it is',
  async (fallback) => {
    const { api, merchant, world, advance, host } = createScene();
    const ask = merchant.ask as () => Promise<string>;
    const container = document.createElement('div');
    container.innerHTML = renderToString(page({ ask, host }, fallback));
    await world.advance(60_000);
    expect(merchant.asks).toEqual([]);
    expect(api.sent).toEqual([]);

    const onRecoverableError = vi.fn();
    render(page({ ask, host }, fallback), { container, hydrate: true, onRecoverableError });
    await advance(0);
    expect(container.textContent).toBe('cus_ada');
    expect(onRecoverableError).not.toHaveBeenCalled();
  },
);

test('a session that came with the page is there on the server and at hydration, and nobody asks for another one', async () => {
  const { api, merchant, advance, host } = createScene();
  const initialSession = { sessionToken: createToken({ lifetimeSeconds: 60 }), expiresIn: 60 };
  const view = (
    <BillingOSProvider
      getSessionToken={merchant.ask}
      initialSession={initialSession}
      loadingFallback={<i>wait</i>}
      host={host}
    >
      <State />
      <Customer />
    </BillingOSProvider>
  );
  const container = document.createElement('div');
  container.innerHTML = renderToString(view);
  expect(container.textContent).toBe('readyloading');
  expect(api.sent).toEqual([]);

  const onRecoverableError = vi.fn();
  render(view, { container, hydrate: true, onRecoverableError });
  await advance(50_000);
  expect(container.textContent).toBe('readycus_ada');
  expect(merchant.asks).toEqual([]);
  expect(onRecoverableError).not.toHaveBeenCalled();

  await advance(10_000);
  expect(merchant.asks).toHaveLength(1);
});

test('a part of the page that hydrates after the token came hydrates as it was rendered', async () => {
  const { merchant, advance, world, host } = createScene();
  const pageOf = (Part: ComponentType) => (
    <BillingOSProvider getSessionToken={merchant.ask} host={host}>
      <Suspense fallback={<i>wait</i>}>
        <Part />
      </Suspense>
    </BillingOSProvider>
  );
  const container = document.createElement('div');
  container.innerHTML = renderToString(pageOf(State));
  const arrivals: ((module: { default: typeof State }) => void)[] = [];
  const Late = lazy(() => new Promise<{ default: typeof State }>((resolve) => void arrivals.push(resolve)));
  const onRecoverableError = vi.fn();
  render(pageOf(Late), { container, hydrate: true, onRecoverableError });
  await advance(100);
  await act(async () => {
    for (const arrive of arrivals) arrive({ default: State });
    await world.settle();
  });
  expect(container.textContent).toBe('ready');
  expect(onRecoverableError).not.toHaveBeenCalled();
});

test('two providers of one page share one ask', async () => {
  const { merchant, advance, host } = createScene(3600);
  const provider = (
    <BillingOSProvider getSessionToken={merchant.ask} tabGroup="shop" host={host}>
      <Customer />
    </BillingOSProvider>
  );
  merchant.answerAfterMs = 10;
  render(
    <>
      {provider}
      {provider}
    </>,
  );
  await advance(100);
  expect(screen.getAllByText('cus_ada')).toHaveLength(2);
  expect(merchant.asks).toHaveLength(1);
});

test('a new sessionToken is taken over without a remount', async () => {
  const { api, advance, host } = createScene();
  const onMount = vi.fn();
  const onUnmount = vi.fn();
  const view = (sessionToken: string | null) => (
    <BillingOSProvider sessionToken={sessionToken} host={host}>
      <Mounted onMount={onMount} onUnmount={onUnmount} />
    </BillingOSProvider>
  );
  const { rerender } = render(view(null));
  await advance(0);
  expect(screen.getByText('loading')).toBeTruthy();

  const first = createToken({ name: 'first' });
  rerender(view(first));
  await advance(0);
  expect(screen.getByText('cus_ada')).toBeTruthy();

  const second = createToken({ name: 'second', customerId: 'cus_grace' });
  rerender(view(second));
  await advance(0);
  expect(screen.getByText('cus_grace')).toBeTruthy();
  expect(api.sent.map(({ token }) => token)).toEqual([first, second]);
  expect(onMount).toHaveBeenCalledTimes(1);
});

test('a given token that ends is reported, and the next one goes on', async () => {
  const { advance, host } = createScene();
  const onError = vi.fn();
  const view = (sessionToken: string) => (
    <BillingOSProvider sessionToken={sessionToken} onError={onError} host={host}>
      <State />
    </BillingOSProvider>
  );
  const { rerender } = render(view(createToken({ lifetimeSeconds: 60 })));
  await advance(59_000);
  expect(screen.getByText('ready')).toBeTruthy();
  await advance(1_000);
  expect(screen.getByText('broken')).toBeTruthy();
  expect(onError).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'TOKEN_EXPIRED' }));

  rerender(view(createToken({ lifetimeSeconds: 60, name: 'next' })));
  await advance(0);
  expect(screen.getByText('ready')).toBeTruthy();
});

test('a secret key as sessionToken is refused with its own code', async () => {
  const { api, advance, host } = createScene();
  const onError = vi.fn();
  render(
    <BillingOSProvider sessionToken="sk_test_abc" onError={onError} host={host}>
      <Customer />
    </BillingOSProvider>,
  );
  await advance(0);
  expect(screen.getByText('SECRET_KEY_IN_BROWSER')).toBeTruthy();
  expect(onError).toHaveBeenCalledWith(expect.objectContaining({ code: 'SECRET_KEY_IN_BROWSER' }));
  expect(api.sent).toEqual([]);
});

test('a second bad sessionToken is reported like the first, once each, and its error is the one that is shown', async () => {
  const { api, advance, host } = createScene();
  const codes: string[] = [];
  const view = (sessionToken: string | null) => (
    <StrictMode>
      <BillingOSProvider sessionToken={sessionToken} onError={({ code }) => codes.push(code)} host={host}>
        <Customer />
      </BillingOSProvider>
    </StrictMode>
  );
  const { rerender } = render(view('hello'));
  await advance(0);
  expect(screen.getByText('INVALID_TOKEN')).toBeTruthy();
  rerender(view('world'));
  await advance(0);
  rerender(view('sk_test_abc'));
  await advance(0);

  expect(codes).toEqual(['INVALID_TOKEN', 'INVALID_TOKEN', 'SECRET_KEY_IN_BROWSER']);
  expect(screen.getByText('SECRET_KEY_IN_BROWSER')).toBeTruthy();
  expect(api.sent).toEqual([]);
});

test('a customer that could not be shown is shown when the session recovers', async () => {
  const { api, merchant, advance, host } = createScene(3600);
  api.refuseAll('TOKEN_REVOKED');
  render(
    <BillingOSProvider getSessionToken={merchant.ask} host={host}>
      <Customer />
      <State />
      <Buttons />
    </BillingOSProvider>,
  );
  await advance(60_000);
  expect(screen.getByText('broken')).toBeTruthy();
  expect(screen.getByText(/TOKEN_REVOKED|TOKENS_REFUSED/)).toBeTruthy();

  api.refuseAll(undefined);
  fireEvent.click(screen.getByText('retry'));
  await advance(0);
  expect(screen.getByText('cus_ada')).toBeTruthy();
});

test('a part of the page that was hidden while the customer changed shows nothing of the one before', async () => {
  const { advance, host } = createScene();
  const seen: (string | undefined)[] = [];
  function Watch() {
    seen.push(useCustomer().customer?.id);
    return null;
  }
  const view = (sessionToken: string, mode: 'visible' | 'hidden') => (
    <BillingOSProvider sessionToken={sessionToken} host={host}>
      <Activity mode={mode}>
        <Watch />
      </Activity>
    </BillingOSProvider>
  );
  const first = createToken();
  const second = createToken({ customerId: 'cus_grace' });
  const { rerender } = render(view(first, 'visible'));
  await advance(0);
  expect(seen.at(-1)).toBe('cus_ada');

  rerender(view(first, 'hidden'));
  rerender(view(second, 'hidden'));
  await advance(0);
  seen.length = 0;
  rerender(view(second, 'visible'));
  await advance(0);
  expect(seen).not.toContain('cus_ada');
  expect(seen.at(-1)).toBe('cus_grace');
});

test('a token that was signed out stays so when its provider is hidden and shown again', async () => {
  const { advance, host } = createScene();
  const token = createToken();
  const view = (mode: 'visible' | 'hidden') => (
    <Activity mode={mode}>
      <BillingOSProvider sessionToken={token} host={host}>
        <State />
        <Buttons />
      </BillingOSProvider>
    </Activity>
  );
  const { rerender } = render(view('visible'));
  fireEvent.click(screen.getByText('sign out'));
  await advance(0);
  rerender(view('hidden'));
  rerender(view('visible'));
  await advance(0);
  expect(screen.getByText('signedOut')).toBeTruthy();
});

test('the session is ended at the service also when onSignedOut throws', async () => {
  const { api, advance, host } = createScene();
  const reported = reportedErrors();
  const mistake = new Error('A mistake of the app.');
  render(
    <BillingOSProvider
      sessionToken={createToken()}
      onSignedOut={() => {
        throw mistake;
      }}
      host={host}
    >
      <Buttons />
    </BillingOSProvider>,
  );
  fireEvent.click(screen.getByText('sign out'));
  await advance(0);
  expect(api.sent).toMatchObject([{ body: expect.stringContaining('endSession') as string }]);
  expect(reported).toEqual([mistake]);
});

test('debug writes one line for each change, and never a token', async () => {
  const { merchant, advance, host } = createScene();
  const lines: unknown[][] = [];
  const spy = vi.spyOn(console, 'debug').mockImplementation((...line) => void lines.push(line));
  render(<BillingOSProvider getSessionToken={merchant.ask} debug host={host} />);
  await advance(0);
  spy.mockRestore();
  expect(lines).toEqual([['[billingos] loading'], ['[billingos] ready']]);
});

test('debug says why the session broke, and does not repeat a token', async () => {
  const { advance, host } = createScene();
  const lines: unknown[][] = [];
  const spy = vi.spyOn(console, 'debug').mockImplementation((...line) => void lines.push(line));
  const token = createToken();
  const ask = () => Promise.reject(new BillingOSError('SIGNED_OUT', `Nobody has ${token} and sk_test_abc here.`));
  render(<BillingOSProvider getSessionToken={ask} debug host={host} />);
  await advance(0);
  spy.mockRestore();
  expect(lines.at(-1)).toEqual(['[billingos] signedOut (SIGNED_OUT: Nobody has bos_session_… and sk_… here.)']);
});

test('a hook outside of a provider says so', () => {
  const spy = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  expect(() => render(<Customer />)).toThrow('BillingOSProvider');
  spy.mockRestore();
});

test('the remaining life shrinks while time passes', async () => {
  const { merchant, advance, host } = createScene();
  const view = (life: ReactNode) => (
    <BillingOSProvider getSessionToken={merchant.ask} host={host}>
      {life}
    </BillingOSProvider>
  );
  const { rerender } = render(view(<Life />));
  await advance(10_000);
  rerender(view(<Life />));
  expect(screen.getByText('50000')).toBeTruthy();
});
