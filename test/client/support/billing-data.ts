import type {
  EntitlementFragment,
  FeatureFragment,
  InvoiceFragment,
  PaymentMethodFragment,
  PlanChangePreviewFragment,
  PriceFragment,
  ProductFragment,
  SubscriptionFragment,
  UsageFragment,
} from '../../../client/generated.ts';

const support: FeatureFragment = { key: 'support', name: 'Priority support', kind: 'BOOLEAN', unit: null };
const projects: FeatureFragment = { key: 'projects', name: 'Projects', kind: 'LIMIT', unit: 'projects' };
export const exportsFeature: FeatureFragment = { key: 'exports', name: 'Exports', kind: 'QUOTA', unit: 'exports' };

const untiered = { tiersMode: null, tiers: [] };

export const monthly = (key: string, unitAmount: number, currency = 'usd'): PriceFragment => ({
  key,
  currency,
  unitAmount,
  unitAmountDecimal: `${unitAmount}`,
  recurring: { interval: 'MONTH', intervalCount: 1 },
  ...untiered,
});

export const yearly = (key: string, unitAmount: number): PriceFragment => ({
  ...monthly(key, unitAmount),
  recurring: { interval: 'YEAR', intervalCount: 1 },
});

export const seats: PriceFragment = {
  key: 'team_monthly',
  currency: 'usd',
  unitAmount: null,
  unitAmountDecimal: null,
  recurring: { interval: 'MONTH', intervalCount: 1 },
  tiersMode: 'GRADUATED',
  tiers: [
    { upTo: 10, unitAmount: '900', flatAmount: '2000' },
    { upTo: null, unitAmount: '650.5', flatAmount: null },
  ],
};

export const free: ProductFragment = {
  key: 'free',
  name: 'Free',
  description: 'For a first look.',
  default: true,
  features: [{ feature: exportsFeature, amount: 10 }],
  prices: [],
};

export const pro: ProductFragment = {
  key: 'pro',
  name: 'Pro',
  description: 'For people who make a living with it.',
  default: false,
  features: [
    { feature: exportsFeature, amount: 1000 },
    { feature: projects, amount: 20 },
    { feature: support, amount: null },
  ],
  prices: [monthly('pro_monthly', 1900), yearly('pro_yearly', 19_000)],
};

export const team: ProductFragment = {
  key: 'team',
  name: 'Team',
  description: 'For everybody at once.',
  default: false,
  features: [
    { feature: exportsFeature, amount: null },
    { feature: projects, amount: null },
    { feature: support, amount: null },
  ],
  prices: [seats],
};

export const subscriptionTo = (
  product: ProductFragment,
  price: PriceFragment | undefined = product.prices[0],
): SubscriptionFragment => ({
  id: 'sub_1',
  status: 'ACTIVE',
  items: [{ quantity: 1, price: price ?? null, product }],
  currentPeriodStart: '2026-11-01T12:00:00.000Z',
  currentPeriodEnd: '2026-12-01T12:00:00.000Z',
  cancelAtPeriodEnd: false,
  canceledAt: null,
  trialEnd: null,
  createdAt: '2026-10-01T12:00:00.000Z',
});

export const entitlementTo = (feature: FeatureFragment, granted: boolean): EntitlementFragment => ({
  feature,
  granted,
  amount: granted ? null : 0,
});

export const usageOf = (used: number, amount: number | null = 1000): UsageFragment => ({
  feature: exportsFeature,
  used,
  amount,
  remaining: amount === null ? null : Math.max(amount - used, 0),
  periodStart: '2026-11-01T12:00:00.000Z',
  periodEnd: '2026-12-01T12:00:00.000Z',
});

export const invoice = (number: number): InvoiceFragment => ({
  id: `in_${number}`,
  number: `A-${number}`,
  status: 'PAID',
  currency: 'usd',
  total: 1900,
  amountDue: 1900,
  amountPaid: 1900,
  lines: [{ description: 'Pro', amount: 1900 }],
  url: `https://pay.example/in_${number}`,
  createdAt: '2026-11-01T12:00:00.000Z',
});

export const card: PaymentMethodFragment = {
  id: 'pm_1',
  type: 'card',
  brand: 'visa',
  lastFour: '4242',
  expiryMonth: 4,
  expiryYear: 2029,
  default: true,
};

export const preview: PlanChangePreviewFragment = {
  currency: 'usd',
  amountDueNow: 1450,
  lines: [
    { description: 'Unused time on Pro', amount: -450 },
    { description: 'Remaining time on Team', amount: 1900 },
  ],
  recurringAmount: 2900,
  nextInvoiceAt: '2026-12-01T12:00:00.000Z',
};
