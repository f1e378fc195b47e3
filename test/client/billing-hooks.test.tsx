// @vitest-environment happy-dom
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { StrictMode, Suspense, lazy, useState, type ComponentType } from 'react';
import { renderToString } from 'react-dom/server';
import { afterEach, expect, test, vi } from 'vitest';
import {
  useCancellation,
  useCheckout,
  useEntitlements,
  useFeature,
  useInvoices,
  usePaymentMethods,
  usePlanChange,
  usePortal,
  useProducts,
  useRefetchBilling,
  useSession,
  useSubscription,
  useTrackUsage,
  useUsage,
  type CheckoutRequest,
} from '../../client/react/index.ts';
import { entitlementTo, exportsFeature, free, invoice, pro, subscriptionTo, usageOf } from './support/billing-data.ts';
import { createBillingScene } from './support/billing-scene.tsx';

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

const text = (testId: string) => screen.getByTestId(testId).textContent;

function Plan({ seen }: { seen?: string[] }) {
  const { status, subscription, error, refetch } = useSubscription();
  const shown = error?.code ?? subscription?.items[0]?.product?.name ?? status;
  seen?.push(shown);
  return (
    <button data-testid="plan" onClick={refetch}>
      {shown}
    </button>
  );
}

function Used() {
  const { status, usage, error } = useUsage('exports');
  return <p data-testid="used">{usage?.used ?? error?.code ?? status}</p>;
}

function Gate() {
  const { granted, status } = useFeature('exports');
  return <p data-testid="gate">{`${status} ${granted}`}</p>;
}

function Everything() {
  const { products } = useProducts();
  const { entitlements } = useEntitlements();
  const { paymentMethods } = usePaymentMethods();
  return (
    <p data-testid="all">
      {[products?.length, entitlements?.[0]?.feature.key, paymentMethods?.[0]?.lastFour].join(' ')}
    </p>
  );
}

test('each hook shows what the service knows', async () => {
  const { show } = createBillingScene({ subscription: subscriptionTo(pro) });
  await show(
    <>
      <Plan />
      <Used />
      <Gate />
      <Everything />
    </>,
  );
  expect(text('plan')).toBe('Pro');
  expect(text('used')).toBe('430');
  expect(text('gate')).toBe('ready true');
  expect(text('all')).toBe('3 exports 4242');
});

test('components that show the same share one request, also when React mounts them twice', async () => {
  const { page, settle, service } = createBillingScene();
  const shown = page(
    <>
      <Used />
      <Gate />
      <Gate />
    </>,
  );
  // React mounts twice only what stands below it from the root.
  render(<StrictMode>{shown}</StrictMode>);
  await settle();
  expect(screen.getAllByText('ready true')).toHaveLength(2);
  expect(service.count('FeatureAccess')).toBe(1);
  expect(service.count('FeatureUsage')).toBe(1);
});

test('a component that comes later shows at once what another one shows, and sends nothing', async () => {
  const { show, page, service } = createBillingScene({ subscription: subscriptionTo(pro) });
  const { rerender } = await show(<Plan />);
  const seen: string[] = [];
  rerender(
    page(
      <>
        <Plan />
        <Plan seen={seen} />
      </>,
    ),
  );
  expect(seen).toEqual(['Pro']);
  expect(service.count('CurrentSubscription')).toBe(1);
});

test('what nobody shows any more is forgotten, and asked anew', async () => {
  const { show, page, settle, service } = createBillingScene({ subscription: subscriptionTo(pro) });
  const { rerender } = await show(<Plan />);
  rerender(page(null));
  await settle();
  service.state.subscription = null;
  const seen: string[] = [];
  rerender(page(<Plan seen={seen} />));
  await settle();
  expect(seen[0]).toBe('loading');
  expect(seen).not.toContain('Pro');
  expect(service.count('CurrentSubscription')).toBe(2);
});

test('nothing is asked for by whoever has left when the page is looked at again', async () => {
  const { show, page, settle, lookAway, service } = createBillingScene();
  const { rerender } = await show(<Plan />);
  rerender(page(null));
  await settle();
  await lookAway();
  expect(service.count('CurrentSubscription')).toBe(1);

  rerender(page(<Plan />));
  await settle();
  await lookAway();
  expect(service.count('CurrentSubscription')).toBe(3);
});

test('whoever comes back from another tab sees what was bought there, without a skeleton between', async () => {
  const { show, lookAway, service } = createBillingScene();
  const seen: string[] = [];
  await show(
    <>
      <Plan seen={seen} />
      <Used />
      <Gate />
    </>,
  );
  service.state.subscription = subscriptionTo(pro);
  service.state.usage = usageOf(7);
  service.state.entitlement = entitlementTo(exportsFeature, false);
  seen.length = 0;
  await lookAway();
  expect(text('plan')).toBe('Pro');
  expect(text('used')).toBe('7');
  expect(text('gate')).toBe('ready false');
  expect(seen).not.toContain('loading');
});

test('a page that gets the focus without having been hidden asks for nothing', async () => {
  const { show, settle, service } = createBillingScene();
  await show(<Plan />);
  window.dispatchEvent(new Event('focus'));
  await settle();
  expect(service.count('CurrentSubscription')).toBe(1);
});

test('what is shown stays while it is asked again, and when there is no answer', async () => {
  const { show, settle, service } = createBillingScene({ subscription: subscriptionTo(pro) });
  const seen: string[] = [];
  await show(<Plan seen={seen} />);
  service.fail('CurrentSubscription', 'no answer');
  fireEvent.click(screen.getByTestId('plan'));
  await settle();
  expect(service.count('CurrentSubscription')).toBe(2);
  expect(new Set(seen)).toEqual(new Set(['loading', 'Pro']));
});

test('what the session may no longer read is no longer shown', async () => {
  const { show, settle, service } = createBillingScene({ subscription: subscriptionTo(pro) });
  await show(<Plan />);
  service.fail('CurrentSubscription', 'FORBIDDEN');
  fireEvent.click(screen.getByTestId('plan'));
  await settle();
  expect(text('plan')).toBe('FORBIDDEN');
});

test('what failed is loading while it is asked again', async () => {
  const { show, settle, service } = createBillingScene({ subscription: subscriptionTo(pro) });
  service.fail('CurrentSubscription', 'INTERNAL_SERVER_ERROR');
  await show(<Plan />);
  expect(text('plan')).toBe('INTERNAL_SERVER_ERROR');

  service.fail('CurrentSubscription', undefined);
  const release = service.hold('CurrentSubscription');
  fireEvent.click(screen.getByTestId('plan'));
  await settle();
  expect(text('plan')).toBe('loading');
  release();
  await settle();
  expect(text('plan')).toBe('Pro');
});

test('asked often while an answer is under way, it is asked once more after it', async () => {
  const { show, settle, service } = createBillingScene();
  await show(<Plan />);
  const release = service.hold('CurrentSubscription');
  for (let times = 0; times < 5; times += 1) {
    fireEvent.click(screen.getByTestId('plan'));
    await settle();
  }
  expect(service.count('CurrentSubscription')).toBe(2);
  service.state.subscription = subscriptionTo(pro);
  release();
  await settle();
  expect(service.count('CurrentSubscription')).toBe(3);
  expect(text('plan')).toBe('Pro');
});

test('nobody sees what was shown to the customer before', async () => {
  const { show, advance, service, merchant } = createBillingScene({ subscription: subscriptionTo(pro) });
  const seen: string[] = [];
  function Watch() {
    const { status, subscription } = useSubscription();
    const { state } = useSession();
    const customerId = 'life' in state ? state.life?.claims.customerId : undefined;
    seen.push(`${customerId} ${subscription?.items[0]?.product?.name ?? status}`);
    return null;
  }
  await show(<Watch />);
  merchant.customerId = 'cus_grace';
  service.state.subscription = subscriptionTo(free, pro.prices[0]);
  await advance(3_600_000);
  expect(seen).toContain('cus_ada Pro');
  expect(seen.at(-1)).toBe('cus_grace Free');
  expect(seen).not.toContain('cus_grace Pro');
});

test('a part of the page that hydrates after the answer came hydrates as it was rendered', async () => {
  const { page, settle } = createBillingScene({ subscription: subscriptionTo(pro) });
  const pageOf = (Part: ComponentType) =>
    page(
      <>
        <Plan />
        <Suspense fallback={<i>wait</i>}>
          <Part />
        </Suspense>
      </>,
    );
  const container = document.createElement('div');
  container.innerHTML = renderToString(pageOf(Plan));
  const arrivals: ((module: { default: typeof Plan }) => void)[] = [];
  const Late = lazy(() => new Promise<{ default: typeof Plan }>((resolve) => void arrivals.push(resolve)));
  const onRecoverableError = vi.fn();
  render(pageOf(Late), { container, hydrate: true, onRecoverableError });
  await settle();
  expect(container.textContent).toBe('Proloading');

  for (const arrive of arrivals) arrive({ default: Plan });
  await settle();
  await settle();
  expect(container.textContent).toBe('ProPro');
  expect(onRecoverableError).not.toHaveBeenCalled();
});

test('a feature is not granted for as long as nobody knows, nor when nobody can say', async () => {
  const { show, settle, service } = createBillingScene();
  const release = service.hold('FeatureAccess');
  service.fail('FeatureAccess', 'NOT_FOUND');
  await show(<Gate />);
  expect(text('gate')).toBe('loading false');
  release();
  await settle();
  expect(text('gate')).toBe('failed false');
});

function Invoices() {
  const { invoices, hasMore, loadMore, more, refetch } = useInvoices({ pageSize: 2 });
  return (
    <>
      <p data-testid="invoices">{invoices?.map(({ number }) => number).join(' ')}</p>
      <p data-testid="more">{`${hasMore} ${more.error?.code ?? more.status}`}</p>
      <button onClick={loadMore}>more</button>
      <button onClick={refetch}>again</button>
    </>
  );
}

const fiveInvoices = [5, 4, 3, 2, 1].map((number) => invoice(number));

test('invoices are loaded a page at a time until there are no more', async () => {
  const { show, settle, service } = createBillingScene({ invoices: fiveInvoices });
  await show(<Invoices />);
  expect(text('invoices')).toBe('A-5 A-4');
  const release = service.hold('Invoices');
  fireEvent.click(screen.getByText('more'));
  await settle();
  fireEvent.click(screen.getByText('more'));
  release();
  await settle();
  expect(text('invoices')).toBe('A-5 A-4 A-3 A-2');
  fireEvent.click(screen.getByText('more'));
  await settle();
  expect(text('invoices')).toBe('A-5 A-4 A-3 A-2 A-1');
  expect(text('more')).toBe('false done');
  fireEvent.click(screen.getByText('more'));
  await settle();
  expect(service.count('Invoices')).toBe(3);
});

test('pages that failed to load leave those before, and can be asked for again', async () => {
  const { show, settle, service } = createBillingScene({ invoices: fiveInvoices });
  await show(<Invoices />);
  service.fail('Invoices', 'no answer');
  fireEvent.click(screen.getByText('more'));
  await settle();
  expect(text('invoices')).toBe('A-5 A-4');
  expect(text('more')).toBe('true NETWORK_ERROR');
  service.fail('Invoices', undefined);
  fireEvent.click(screen.getByText('more'));
  await settle();
  expect(text('invoices')).toBe('A-5 A-4 A-3 A-2');
});

test('a new invoice never leaves a gap between the pages', async () => {
  const { show, settle, service } = createBillingScene({ invoices: fiveInvoices });
  await show(<Invoices />);
  fireEvent.click(screen.getByText('more'));
  await settle();
  service.state.invoices = [invoice(6), ...fiveInvoices];
  fireEvent.click(screen.getByText('again'));
  await settle();
  expect(text('invoices')).toBe('A-6 A-5');
});

function Change() {
  const { preview, previewed, previewState, change, changeState } = usePlanChange();
  const plan = { price: 'team_monthly' };
  return (
    <>
      <p data-testid="change">{`${previewState.status} ${previewed?.amountDueNow} ${changeState.error?.code ?? changeState.status}`}</p>
      <button onClick={() => void preview(plan)}>preview</button>
      <button onClick={() => void change(plan)}>change</button>
    </>
  );
}

test('a changed plan is shown everywhere, and what came of it', async () => {
  const { show, settle, service } = createBillingScene({ subscription: subscriptionTo(pro) });
  await show(
    <>
      <Change />
      <Plan />
      <Used />
      <Gate />
      <Everything />
    </>,
  );
  fireEvent.click(screen.getByText('preview'));
  await settle();
  expect(text('change')).toBe('done 1450 idle');
  fireEvent.click(screen.getByText('change'));
  await settle();
  expect(text('change')).toBe('done 1450 done');
  expect(text('plan')).toBe('Team');
  const asked = ['CurrentSubscription', 'FeatureUsage', 'FeatureAccess', 'Entitlements', 'Products', 'PaymentMethods'];
  expect(asked.map(service.count)).toEqual([2, 2, 2, 2, 1, 1]);
});

test('a payment that failed is reported, and what is shown is asked again', async () => {
  const { show, settle, service } = createBillingScene({ subscription: subscriptionTo(pro) });
  await show(
    <>
      <Change />
      <Plan />
    </>,
  );
  service.fail('ChangePlan', 'PAYMENT_FAILED');
  fireEvent.click(screen.getByText('change'));
  await settle();
  expect(text('change')).toBe('idle undefined PAYMENT_FAILED');
  expect(service.count('CurrentSubscription')).toBe(2);
});

test('a canceled subscription and one that goes on are shown as such by other components', async () => {
  const { show, settle, service } = createBillingScene({ subscription: subscriptionTo(pro) });
  function Cancel() {
    const { cancel, resume } = useCancellation();
    return (
      <>
        <button onClick={() => void cancel()}>cancel</button>
        <button onClick={() => void cancel('NOW')}>now</button>
        <button onClick={() => void resume()}>resume</button>
      </>
    );
  }
  function Ends() {
    const { subscription } = useSubscription();
    return <p data-testid="ends">{`${subscription?.cancelAtPeriodEnd} ${subscription?.status}`}</p>;
  }
  await show(
    <>
      <Cancel />
      <Ends />
    </>,
  );
  fireEvent.click(screen.getByText('cancel'));
  await settle();
  expect(text('ends')).toBe('true ACTIVE');
  expect(service.latest('CancelSubscription')).toEqual({ at: 'PERIOD_END' });
  fireEvent.click(screen.getByText('resume'));
  await settle();
  expect(text('ends')).toBe('false ACTIVE');
  fireEvent.click(screen.getByText('now'));
  await settle();
  expect(text('ends')).toBe('false CANCELED');
});

function Checkout({ request }: { request: CheckoutRequest }) {
  const { checkOut, state } = useCheckout();
  return <button onClick={() => void checkOut(request)}>{state.error?.code ?? state.status}</button>;
}

test('a checkout goes to its page, and comes back to this one unless another is named', async () => {
  const { show, settle, service } = createBillingScene();
  const assign = vi.spyOn(window.location, 'assign').mockReturnValue();
  await show(<Checkout request={{ price: 'pro_monthly', quantity: 3, cancelUrl: 'https://shop.example/plans' }} />);
  fireEvent.click(screen.getByText('idle'));
  await settle();
  expect(assign).toHaveBeenCalledExactlyOnceWith('https://pay.example/cs_1');
  expect(service.latest('CreateCheckout')).toEqual({
    input: {
      price: 'pro_monthly',
      quantity: 3,
      successUrl: window.location.href,
      cancelUrl: 'https://shop.example/plans',
    },
  });
});

/** A tab that the browser lets a click open, and what becomes of it. */
function allowTab() {
  const tab = { opener: window as unknown, close: vi.fn(), location: { replace: vi.fn() } };
  const open = vi.spyOn(window, 'open').mockReturnValue(tab as unknown as ReturnType<typeof window.open>);
  return { tab, open };
}

test('a tab for a checkout opens within the click, and does not learn who opened it', async () => {
  const { show, settle } = createBillingScene();
  const { tab, open } = allowTab();
  await show(<Checkout request={{ price: 'pro_monthly', opens: 'tab' }} />);
  fireEvent.click(screen.getByText('idle'));
  expect(open).toHaveBeenCalledTimes(1);
  await settle();
  expect(tab.location.replace).toHaveBeenCalledExactlyOnceWith('https://pay.example/cs_1');
  expect(tab.opener).toBeNull();
});

test('a checkout that is refused leaves no empty tab, and says why', async () => {
  const { show, settle, service } = createBillingScene();
  const { tab } = allowTab();
  service.fail('CreateCheckout', 'CONFLICT');
  await show(<Checkout request={{ price: 'pro_monthly', opens: 'tab' }} />);
  fireEvent.click(screen.getByText('idle'));
  await settle();
  expect(tab.close).toHaveBeenCalledTimes(1);
  expect(screen.getByText('CONFLICT')).toBeTruthy();
});

test('where the browser opens no tab, the page to pay opens here', async () => {
  const { show, settle } = createBillingScene();
  vi.spyOn(window, 'open').mockReturnValue(null);
  const assign = vi.spyOn(window.location, 'assign').mockReturnValue();
  await show(<Checkout request={{ price: 'pro_monthly', opens: 'tab' }} />);
  fireEvent.click(screen.getByText('idle'));
  await settle();
  expect(assign).toHaveBeenCalledExactlyOnceWith('https://pay.example/cs_1');
});

test('the portal opens, and comes back to this page unless another is named', async () => {
  const { show, settle, service } = createBillingScene();
  const assign = vi.spyOn(window.location, 'assign').mockReturnValue();
  function Portal() {
    const { openPortal } = usePortal();
    return (
      <>
        <button onClick={() => void openPortal()}>here</button>
        <button onClick={() => void openPortal({ returnUrl: 'https://shop.example/' })}>there</button>
      </>
    );
  }
  await show(<Portal />);
  fireEvent.click(screen.getByText('here'));
  await settle();
  expect(assign).toHaveBeenCalledExactlyOnceWith('https://pay.example/portal');
  expect(service.latest('CreatePortalSession')).toEqual({ returnUrl: window.location.href });
  fireEvent.click(screen.getByText('there'));
  await settle();
  expect(service.latest('CreatePortalSession')).toEqual({ returnUrl: 'https://shop.example/' });
});

test('what the app’s own server changed is shown when the app says so, by whatever component', async () => {
  const { show, settle, service } = createBillingScene({ subscription: subscriptionTo(pro) });
  function Refetch() {
    return <button onClick={useRefetchBilling()}>again</button>;
  }
  await show(
    <>
      <Used />
      <Refetch />
    </>,
  );
  service.state.usage = usageOf(431);
  fireEvent.click(screen.getByText('again'));
  await settle();
  expect(text('used')).toBe('431');
});

/** Shows a button that tracks one export, and what came of it. */
function Track({ idempotencyKey }: { idempotencyKey?: string }) {
  const track = useTrackUsage();
  const [outcome, setOutcome] = useState('none');
  const run = () =>
    track({ featureKey: 'exports', amount: 5, ...(idempotencyKey && { idempotencyKey }) }).then(
      (answer) => setOutcome(answer.outcome),
      ({ code }: { code: string }) => setOutcome(code),
    );
  return <button onClick={() => void run()}>{outcome}</button>;
}

test('usage that is tracked is shown at once by other components', async () => {
  const { show, settle, service } = createBillingScene();
  await show(
    <>
      <Track />
      <Used />
      <Plan />
    </>,
  );
  fireEvent.click(screen.getByText('none'));
  await settle();
  expect(screen.getByText('RECORDED')).toBeTruthy();
  expect(text('used')).toBe('435');
  expect(service.count('CurrentSubscription')).toBe(1);
});

const keysOf = (requests: readonly { operation: string; variables: Record<string, unknown> }[]) =>
  requests
    .filter(({ operation }) => operation === 'TrackUsage')
    .map(({ variables }) => (variables['input'] as { idempotencyKey: string }).idempotencyKey);

test('two uses have two keys, and a use that got no answer is sent once more under its own', async () => {
  const { show, settle, service } = createBillingScene();
  await show(<Track />);
  fireEvent.click(screen.getByText('none'));
  await settle();
  service.fail('TrackUsage', 'no answer');
  fireEvent.click(screen.getByText('RECORDED'));
  await settle();
  expect(screen.getByText('NETWORK_ERROR')).toBeTruthy();
  const [first, second, third, ...more] = keysOf(service.requests);
  expect(first).toMatch(/^[0-9a-f-]{36}$/);
  expect(second).not.toBe(first);
  expect(third).toBe(second);
  expect(more).toEqual([]);
});

test('a use that was refused is not sent again, and a key that is given is taken', async () => {
  const { show, settle, service } = createBillingScene();
  await show(<Track idempotencyKey="export_1" />);
  service.fail('TrackUsage', 'CONFLICT');
  fireEvent.click(screen.getByText('none'));
  await settle();
  expect(screen.getByText('CONFLICT')).toBeTruthy();
  expect(keysOf(service.requests)).toEqual(['export_1']);
});

test('an answer that comes after its component has gone changes nothing', async () => {
  const { show, page, settle, service } = createBillingScene({ subscription: subscriptionTo(pro) });
  const { rerender } = await show(<Change />);
  const release = service.hold('PreviewPlanChange');
  fireEvent.click(screen.getByText('preview'));
  await settle();
  rerender(page(null));
  await act(async () => release());
  await settle();
  expect(screen.queryByTestId('change')).toBeNull();
});
