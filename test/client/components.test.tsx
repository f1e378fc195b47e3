// @vitest-environment happy-dom
import { cleanup, fireEvent, screen, within } from '@testing-library/react';
import { renderToString } from 'react-dom/server';
import { afterEach, expect, test, vi } from 'vitest';
import {
  CheckoutButton,
  CustomerPortal,
  FeatureGate,
  PricingTable,
  UsageMeter,
  type CustomerPortalProps,
  type PricingTableProps,
} from '../../client/react/index.ts';
import {
  entitlementTo,
  exportsFeature,
  free,
  invoice,
  monthly,
  preview,
  pro,
  subscriptionTo,
  team,
  usageOf,
  yearly,
} from './support/billing-data.ts';
import { createBillingScene } from './support/billing-scene.tsx';
import type { BillingState } from './support/billing-service.ts';

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

const button = (name: string | RegExp) => screen.getByRole('button', { name });
const plan = (name: string) => within(screen.getByRole('listitem', { name }));
const dialog = () => within(screen.getByRole('dialog'));

async function showPricing(known: Partial<BillingState> = {}, props: PricingTableProps = {}) {
  const scene = createBillingScene(known);
  const view = await scene.show(<PricingTable locale="en-US" {...props} />);
  const press = async (name: string | RegExp) => {
    fireEvent.click(button(name));
    await scene.settle();
  };
  return { ...scene, ...view, press };
}

async function showPortal(known: Partial<BillingState> = {}, props: CustomerPortalProps = {}) {
  const scene = createBillingScene({ subscription: subscriptionTo(pro), ...known });
  const view = await scene.show(<CustomerPortal locale="en-US" {...props} />);
  const press = async (name: string | RegExp) => {
    fireEvent.click(button(name));
    await scene.settle();
  };
  return { ...scene, ...view, press };
}

test('a pricing table shows every plan with its price and what it contains', async () => {
  await showPricing();
  expect(screen.getAllByRole('heading').map(({ textContent }) => textContent)).toEqual(['Free', 'Pro', 'Team']);
  expect(plan('Pro').getByText('$19')).toBeTruthy();
  expect(plan('Pro').getByText('$19').parentElement?.textContent).toBe('$19 per month');
  const features = plan('Pro').getAllByRole('listitem');
  expect(features.map(({ textContent }) => textContent)).toEqual([
    '1,000 exports per month',
    '20 projects',
    'Priority support',
  ]);
  expect(plan('Team').getByText('Unlimited exports')).toBeTruthy();
});

test('a price with tiers says where it begins, and what each tier costs to the last fraction', async () => {
  await showPricing();
  expect(plan('Team').getByText('from $29')).toBeTruthy();
  const [first, second] = plan('Team').getAllByRole('listitem');
  expect(first?.textContent).toBe('1–10 $9.00 each + $20.00 flat');
  expect(second?.textContent).toBe('11 and more $6.505 each');
});

test.each([
  ['jpy', 1900, '¥1,900'],
  ['usd', 1950, '$19.50'],
  ['kwd', 1900, 'KWD 1.900'],
])('an amount in %s has as many digits as that currency', async (currency, amount, shown) => {
  await showPricing({ products: [{ ...pro, prices: [monthly('one', amount, currency)] }] });
  const [price] = plan('Pro').getAllByText(/\d/, { selector: 'strong' });
  expect(price?.textContent?.replaceAll('\u00a0', ' ')).toBe(shown);
});

test('the period is chosen from a group of radio buttons, and only where there are several', async () => {
  const { unmount } = await showPricing();
  const group = within(screen.getByRole('group', { name: 'Billing period' }));
  expect(group.getAllByRole('radio')).toHaveLength(2);
  expect(group.getByLabelText<HTMLInputElement>('Monthly').checked).toBe(true);
  fireEvent.click(group.getByLabelText('Yearly'));
  expect(plan('Pro').getByText('$190')).toBeTruthy();
  expect(plan('Team').getByText('from $29').parentElement?.textContent).toBe('from $29 per month');
  unmount();

  await showPricing({ products: [team] });
  expect(screen.queryByRole('radio')).toBeNull();
});

test('the period of the plan that runs is shown first', async () => {
  await showPricing({ subscription: subscriptionTo(pro, yearly('pro_yearly', 19_000)) });
  expect(screen.getByLabelText<HTMLInputElement>('Yearly').checked).toBe(true);
  expect(plan('Pro').getByRole('button', { name: 'Current plan' })).toBeTruthy();
});

test('a period of several months is named as the language names it', async () => {
  const quarter = { ...monthly('quarter', 5000), recurring: { interval: 'MONTH', intervalCount: 3 } } as const;
  await showPricing({ products: [{ ...pro, prices: [monthly('month', 1900), quarter] }] });
  fireEvent.click(screen.getByLabelText('Every 3 months'));
  expect(plan('Pro').getByText('$50').parentElement?.textContent).toBe('$50 every 3 months');
});

test('who has no subscription has the default product, and buys the others', async () => {
  const assign = vi.spyOn(window.location, 'assign').mockReturnValue();
  const { service, press } = await showPricing({}, { successUrl: 'https://shop.example/thanks' });
  expect(plan('Free').getByRole('button', { name: 'Current plan' })).toBeTruthy();
  await press('Choose Pro');
  expect(assign).toHaveBeenCalledExactlyOnceWith('https://pay.example/cs_1');
  expect(service.latest('CreateCheckout')).toMatchObject({
    input: { price: 'pro_monthly', successUrl: 'https://shop.example/thanks' },
  });
});

test('a subscription that ended is bought anew', async () => {
  await showPricing({ subscription: { ...subscriptionTo(pro), status: 'CANCELED' } });
  expect(button('Choose Pro')).toBeTruthy();
});

test('who has a subscription sees what a change costs before it is made, and what came of it', async () => {
  const { service, press } = await showPricing({ subscription: subscriptionTo(pro) });
  expect(plan('Pro').getByRole('button', { name: 'Current plan' })).toBeTruthy();
  const pressed = button('Change to Team');
  await press('Change to Team');
  expect(dialog().getByText('Due now').nextSibling?.textContent).toBe('$14.50');
  expect(dialog().getByText('Unused time on Pro').nextSibling?.textContent).toBe('-$4.50');
  expect(service.count('ChangePlan')).toBe(0);

  await press('Confirm change');
  expect(service.latest('ChangePlan')).toEqual({ input: { price: 'team_monthly', quantity: 1 } });
  expect(screen.queryByRole('dialog')).toBeNull();
  expect(screen.getByRole('status').textContent).toBe('Your plan is Team now.');
  // The same button, so that it keeps the focus.
  expect(plan('Team').getByRole('button', { name: 'Current plan' })).toBe(pressed);
});

test('a change of plan keeps as many as there are', async () => {
  const subscription = subscriptionTo(pro);
  const items = subscription.items.map((item) => ({ ...item, quantity: 7 }));
  const { service, press } = await showPricing({ subscription: { ...subscription, items } });
  await press('Change to Team');
  expect(service.latest('PreviewPlanChange')).toEqual({ input: { price: 'team_monthly', quantity: 7 } });
});

test('a change cannot be confirmed before its cost is known', async () => {
  const { service, settle, press } = await showPricing({ subscription: subscriptionTo(pro) });
  const release = service.hold('PreviewPlanChange');
  await press('Change to Team');
  await press('Confirm change');
  expect(service.count('ChangePlan')).toBe(0);
  release();
  await settle();
  await press('Confirm change');
  expect(service.count('ChangePlan')).toBe(1);
});

test('a change whose cost nobody knows offers to ask again', async () => {
  const { service, press } = await showPricing({ subscription: subscriptionTo(pro) });
  service.fail('PreviewPlanChange', 'UNAVAILABLE');
  await press('Change to Team');
  expect(dialog().getByRole('alert')).toBeTruthy();
  service.fail('PreviewPlanChange', undefined);
  await press('Try again');
  expect(dialog().getByText('Due now')).toBeTruthy();
});

test('a payment that fails leaves the question open, and says that nothing was changed', async () => {
  const { service, press } = await showPricing({ subscription: subscriptionTo(pro) });
  service.fail('ChangePlan', 'PAYMENT_FAILED');
  await press('Change to Team');
  await press('Confirm change');
  expect(dialog().getByRole('alert').textContent).toContain('nothing was changed');
  expect(plan('Pro').getByRole('button', { name: 'Current plan' })).toBeTruthy();
});

test('what is given back is shown as kept for the next invoices', async () => {
  const { press } = await showPricing({
    subscription: subscriptionTo(pro),
    preview: { ...preview, amountDueNow: -450 },
  });
  await press('Change to Team');
  expect(dialog().getByText('Kept for your next invoices').nextSibling?.textContent).toBe('$4.50');
});

test('a question that is dismissed changes nothing', async () => {
  const { service, press } = await showPricing({ subscription: subscriptionTo(pro) });
  await press('Change to Team');
  await press('Back');
  expect(screen.queryByRole('dialog')).toBeNull();
  await press('Change to Team');
  fireEvent(screen.getByRole('dialog'), new Event('cancel', { cancelable: true }));
  expect(screen.queryByRole('dialog')).toBeNull();
  expect(service.count('ChangePlan')).toBe(0);
});

test('a question cannot be dismissed while what was confirmed is under way', async () => {
  const { service, settle, press } = await showPricing({ subscription: subscriptionTo(pro) });
  await press('Change to Team');
  const release = service.hold('ChangePlan');
  await press('Confirm change');
  await press('Confirm change');
  await press('Back');
  fireEvent(screen.getByRole('dialog'), new Event('cancel', { cancelable: true }));
  expect(screen.getByRole('dialog').getAttribute('aria-busy')).toBe('true');
  release();
  await settle();
  expect(service.count('ChangePlan')).toBe(1);
  expect(screen.queryByRole('dialog')).toBeNull();
});

test('a pricing table is busy until it is known both what is for sale and what the customer has', async () => {
  const scene = createBillingScene();
  const release = scene.service.hold('CurrentSubscription');
  await scene.show(<PricingTable />);
  expect(screen.getByRole('region', { name: 'Plans' }).getAttribute('aria-busy')).toBe('true');
  expect(screen.queryByRole('button')).toBeNull();
  release();
  await scene.settle();
  expect(screen.getByRole('region', { name: 'Plans' }).getAttribute('aria-busy')).toBe('false');
});

test('a pricing table that failed says so, and asks again', async () => {
  const scene = createBillingScene();
  scene.service.fail('Products', 'no answer');
  await scene.show(<PricingTable />);
  expect(screen.getByRole('alert').textContent).toContain('There was no answer.');
  scene.service.fail('Products', undefined);
  fireEvent.click(button('Try again'));
  await scene.settle();
  expect(screen.getByText('Pro')).toBeTruthy();
});

test('who may not read its subscription can still buy', async () => {
  const scene = createBillingScene();
  scene.service.fail('CurrentSubscription', 'FORBIDDEN');
  await scene.show(<PricingTable />);
  expect(button('Choose Pro')).toBeTruthy();
});

test('a catalog without plans says so', async () => {
  await showPricing({ products: [] });
  expect(screen.getByText('There are no plans yet.')).toBeTruthy();
});

test('every text can be another one, and numbers follow the locale', async () => {
  await showPricing(
    { products: [free, pro] },
    { locale: 'de-DE', labels: { choose: '{plan} nehmen', perMonth: 'im Monat' } },
  );
  expect(button('Pro nehmen')).toBeTruthy();
  expect(plan('Pro').getByText(/^19\s\$$/).parentElement?.textContent).toMatch(/im Monat$/);
  expect(plan('Pro').getByText(/1\.000 exports/)).toBeTruthy();
});

test('a checkout button is busy until the page to pay is there, and says why it is not', async () => {
  const scene = createBillingScene();
  const release = scene.service.hold('CreateCheckout');
  scene.service.fail('CreateCheckout', 'PAYMENTS_NOT_CONFIGURED');
  await scene.show(
    <CheckoutButton price="pro_monthly" quantity={2}>
      Get Pro
    </CheckoutButton>,
  );
  fireEvent.click(button('Get Pro'));
  fireEvent.click(button('Get Pro'));
  await scene.settle();
  expect(button('Get Pro').getAttribute('aria-busy')).toBe('true');
  release();
  await scene.settle();
  expect(scene.service.count('CreateCheckout')).toBe(1);
  expect(screen.getByRole('alert').textContent).toContain('Something went wrong.');
  expect(button('Get Pro').getAttribute('aria-busy')).toBeNull();
});

test('a portal shows the plan, what was used, how it is paid and what was paid', async () => {
  await showPortal();
  const region = (name: string) => within(screen.getByRole('region', { name }));
  expect(region('Your plan').getByText('Pro')).toBeTruthy();
  expect(region('Your plan').getByText('Active')).toBeTruthy();
  expect(region('Your plan').getByText('$19 per month')).toBeTruthy();
  expect(region('Your plan').getByText('Renews Dec 1, 2026')).toBeTruthy();
  expect(region('Usage').getByText('430 of 1,000 exports')).toBeTruthy();
  expect(region('Payment methods').getByText('Visa ending in 4242')).toBeTruthy();
  expect(region('Payment methods').getByText('Expires 04/2029')).toBeTruthy();
  expect(region('Invoices').getAllByRole('row')).toHaveLength(3);
  expect(region('Invoices').getByRole('link', { name: 'View invoice A-2' }).getAttribute('href')).toBe(
    'https://pay.example/in_2',
  );
});

test('a plan is canceled when the customer has said when, and has confirmed it', async () => {
  const { service, settle, press } = await showPortal();
  await press('Cancel plan');
  expect(dialog().getByText('You keep everything until Dec 1, 2026.')).toBeTruthy();
  expect(dialog().getByLabelText<HTMLInputElement>(/At the end of the period/).checked).toBe(true);
  expect(service.count('CancelSubscription')).toBe(0);

  fireEvent.click(dialog().getByLabelText(/Now/));
  fireEvent.click(dialog().getByRole('button', { name: 'Cancel plan' }));
  await settle();
  expect(service.latest('CancelSubscription')).toEqual({ at: 'NOW' });
  expect(screen.queryByRole('dialog')).toBeNull();
  expect(screen.getByText('Your plan is canceled.')).toBeTruthy();
  expect(screen.getByText('You have no plan.')).toBeTruthy();
});

test('a plan with tiers says what all of it costs', async () => {
  const subscription = subscriptionTo(team);
  const items = subscription.items.map((item) => ({ ...item, quantity: 12 }));
  await showPortal({ subscription: { ...subscription, items } });
  expect(screen.getByText('$123.01 per month for 12')).toBeTruthy();
});

test('a plan that ends can be kept', async () => {
  const { service, press } = await showPortal({ subscription: { ...subscriptionTo(pro), cancelAtPeriodEnd: true } });
  expect(screen.getByText('Ends Dec 1, 2026')).toBeTruthy();
  await press('Keep plan');
  expect(service.count('ResumeSubscription')).toBe(1);
  expect(screen.getByText('Renews Dec 1, 2026')).toBeTruthy();
  expect(screen.getByText('Your plan goes on.')).toBeTruthy();
});

test('a plan is changed from the portal to any other that is for sale', async () => {
  const { service, settle, press } = await showPortal();
  await press('Change plan');
  expect(dialog().getAllByRole('radio')).toHaveLength(3);
  expect(dialog().getByLabelText<HTMLInputElement>(/Current/).disabled).toBe(true);
  await press('Confirm change');
  expect(service.count('ChangePlan')).toBe(0);

  fireEvent.click(dialog().getByLabelText(/\$190 per year/));
  await settle();
  expect(service.latest('PreviewPlanChange')).toEqual({ input: { price: 'pro_yearly', quantity: 1 } });
  await press('Confirm change');
  expect(screen.getByText('$190 per year')).toBeTruthy();
  expect(screen.getByText('Your plan is Pro now.')).toBeTruthy();
});

test('the portal has only the parts that are named, in their order', async () => {
  await showPortal({}, { sections: ['invoices', 'plan'] });
  expect(screen.getAllByRole('heading').map(({ textContent }) => textContent)).toEqual(['Invoices', 'Your plan']);
});

test('a part that the session may not read is not there', async () => {
  const scene = createBillingScene({ subscription: subscriptionTo(pro) });
  scene.service.fail('Invoices', 'FORBIDDEN');
  scene.service.fail('PaymentMethods', 'FORBIDDEN');
  await scene.show(<CustomerPortal />);
  expect(screen.getAllByRole('heading').map(({ textContent }) => textContent)).toEqual(['Your plan', 'Usage']);
});

test('a part that failed says so and asks again, and the others are there', async () => {
  const scene = createBillingScene({ subscription: subscriptionTo(pro) });
  scene.service.fail('Invoices', 'INTERNAL_SERVER_ERROR');
  await scene.show(<CustomerPortal />);
  expect(screen.getByText('Pro')).toBeTruthy();
  expect(screen.getByRole('alert')).toBeTruthy();
  scene.service.fail('Invoices', undefined);
  fireEvent.click(button('Try again'));
  await scene.settle();
  expect(screen.getByRole('table')).toBeTruthy();
});

test('a customer who has nothing yet reads so, and where the plans are', async () => {
  await showPortal(
    { subscription: null, invoices: [], paymentMethods: [], usage: usageOf(0) },
    { pricingUrl: '/pricing' },
  );
  expect(screen.getByText(/You have no plan/)).toBeTruthy();
  expect(screen.getByRole('link', { name: 'See plans' }).getAttribute('href')).toBe('/pricing');
  expect(screen.getByText('There are no invoices yet.')).toBeTruthy();
  expect(screen.getByText('There is no payment method yet.')).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Cancel plan' })).toBeNull();
});

test('the portal loads more invoices below those that are there', async () => {
  const { press } = await showPortal({ invoices: Array.from({ length: 12 }, (_one, index) => invoice(12 - index)) });
  expect(screen.getAllByRole('row')).toHaveLength(11);
  await press('Show more');
  expect(screen.getAllByRole('row')).toHaveLength(13);
  expect(screen.queryByRole('button', { name: 'Show more' })).toBeNull();
});

test('payment methods are changed on the payment provider’s page', async () => {
  const assign = vi.spyOn(window.location, 'assign').mockReturnValue();
  const { service, press } = await showPortal({}, { returnUrl: 'https://shop.example/billing' });
  await press('Manage payment methods');
  expect(service.latest('CreatePortalSession')).toEqual({ returnUrl: 'https://shop.example/billing' });
  expect(assign).toHaveBeenCalledExactlyOnceWith('https://pay.example/portal');
});

const gate = (
  <FeatureGate feature="exports" fallback={<p>fallback</p>} loadingFallback={<p>loading</p>}>
    <p>granted</p>
  </FeatureGate>
);

test('a gate is open to who has the feature, and to nobody before that is known', async () => {
  const scene = createBillingScene();
  const release = scene.service.hold('FeatureAccess');
  await scene.show(gate);
  expect(screen.getByText('loading')).toBeTruthy();
  expect(screen.queryByText('granted')).toBeNull();
  release();
  await scene.settle();
  expect(screen.getByText('granted')).toBeTruthy();
});

test('a gate is closed to who does not have the feature', async () => {
  const scene = createBillingScene({ entitlement: entitlementTo(exportsFeature, false) });
  await scene.show(gate);
  expect(screen.getByText('fallback')).toBeTruthy();
  expect(screen.queryByText('granted')).toBeNull();
});

test('a gate is closed when nobody can say', async () => {
  const scene = createBillingScene();
  scene.service.fail('FeatureAccess', 'UNAVAILABLE');
  await scene.show(gate);
  expect(screen.getByText('fallback')).toBeTruthy();
});

test('a meter tells how much of a quota is used, also to who cannot see it', async () => {
  const { show } = createBillingScene();
  await show(<UsageMeter feature="exports" locale="en-US" />);
  const meter = screen.getByRole('meter', { name: 'Exports' });
  expect(meter.getAttribute('aria-valuetext')).toBe('430 of 1,000 exports');
  expect(meter.getAttribute('aria-valuenow')).toBe('430');
  expect(meter.getAttribute('aria-valuemax')).toBe('1000');
  expect(screen.getByText('Starts again Dec 1, 2026')).toBeTruthy();
});

test('a quota that is used up says so, and its meter is full', async () => {
  const { show } = createBillingScene({ usage: usageOf(1200) });
  await show(<UsageMeter feature="exports" />);
  expect(screen.getByText('Used up')).toBeTruthy();
  expect(screen.getByRole('meter').getAttribute('aria-valuenow')).toBe('1000');
});

test('a quota without an end has no meter', async () => {
  const { show } = createBillingScene({ usage: usageOf(430, null) });
  await show(<UsageMeter feature="exports" />);
  expect(screen.getByText('430 exports, unlimited')).toBeTruthy();
  expect(screen.queryByRole('meter')).toBeNull();
});

test('a meter that failed asks again', async () => {
  const scene = createBillingScene();
  scene.service.fail('FeatureUsage', 'RATE_LIMITED');
  await scene.show(<UsageMeter feature="exports" />);
  expect(screen.getByRole('alert').textContent).toContain('too much at once');
  scene.service.fail('FeatureUsage', undefined);
  fireEvent.click(button('Try again'));
  await scene.settle();
  expect(screen.getByRole('meter')).toBeTruthy();
});

test('on a server every component is a skeleton, and nothing is asked', () => {
  const { page, service } = createBillingScene();
  const html = renderToString(
    page(
      <>
        <PricingTable />
        <CustomerPortal />
        <UsageMeter feature="exports" />
        <CheckoutButton price="pro_monthly" />
        {gate}
      </>,
    ),
  );
  expect(html.match(/aria-busy="true"/g)).toHaveLength(6);
  expect(service.requests).toEqual([]);
});
