import { builder } from '../builder.ts';
import type { PriceRecord, PriceTier as Tier } from '../billing.ts';

export const RecurringInterval = builder.enumType('RecurringInterval', {
  description: 'What a period is counted in.',
  values: {
    DAY: { value: 'day', description: 'Days.' },
    WEEK: { value: 'week', description: 'Weeks.' },
    MONTH: { value: 'month', description: 'Months.' },
    YEAR: { value: 'year', description: 'Years.' },
  } as const,
});

export const TiersMode = builder.enumType('TiersMode', {
  description: 'How tiers are applied. https://docs.stripe.com/products-prices/pricing-models#tiered-pricing',
  values: {
    GRADUATED: { value: 'graduated', description: 'Each tier prices its own part of the quantity.' },
    VOLUME: { value: 'volume', description: 'The tier of the whole quantity prices all of it.' },
  } as const,
});

const Recurring = builder.objectRef<NonNullable<PriceRecord['recurring']>>('Recurring').implement({
  description: 'How often a price is paid.',
  fields: (t) => ({
    interval: t.expose('interval', { type: RecurringInterval, description: 'What the period is counted in.' }),
    intervalCount: t.exposeInt('intervalCount', { description: 'How many of them are one period.' }),
  }),
});

const PriceTier = builder.objectRef<Tier>('PriceTier').implement({
  description: 'What a part of the quantity costs. Amounts are minor units as decimal numbers.',
  fields: (t) => ({
    upTo: t.expose('upTo', {
      type: 'SafeInt',
      nullable: true,
      description: 'The last quantity of this tier; `null`: all that follow.',
    }),
    unitAmount: t.exposeString('unitAmount', { nullable: true, description: 'For each one.' }),
    flatAmount: t.exposeString('flatAmount', { nullable: true, description: 'For the tier as a whole.' }),
  }),
});

/** Whole minor units, or nothing: money is never a rounded number. */
const wholeAmount = (amount: string | null) => (amount !== null && /^-?\d{1,15}$/.test(amount) ? Number(amount) : null);

export const Price = builder.objectRef<PriceRecord>('Price').implement({
  description: 'What a product costs, and how often.',
  fields: (t) => ({
    key: t.exposeID('key', { description: 'The merchant’s own name for it; its id at Stripe where it has none.' }),
    currency: t.exposeString('currency', { description: 'ISO 4217, lower case: `usd`.' }),
    unitAmount: t.field({
      type: 'SafeInt',
      nullable: true,
      description: 'Minor units (cents); `null` when tiers or the buyer decide, or when it is no whole number.',
      resolve: ({ unitAmount }) => wholeAmount(unitAmount),
    }),
    unitAmountDecimal: t.exposeString('unitAmount', {
      nullable: true,
      description: 'The same as a decimal number, exact also below a minor unit.',
    }),
    recurring: t.expose('recurring', { type: Recurring, nullable: true, description: '`null`: paid once.' }),
    tiersMode: t.expose('tiersMode', { type: TiersMode, nullable: true, description: '`null` without tiers.' }),
    tiers: t.expose('tiers', { type: [PriceTier], description: 'In order; empty without tiers.' }),
    active: t.exposeBoolean('isActive', { description: 'Whether it can be bought.' }),
    visible: t.exposeBoolean('isVisible', { description: 'Whether customers are shown it.' }),
  }),
});
