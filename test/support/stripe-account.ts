/** An object as Stripe's API writes it, or nearly. */
export interface StripeObject {
  readonly id?: unknown;
  readonly object?: string;
  readonly [field: string]: unknown;
}

/** Everything that Stripe lists for one merchant. */
export interface StripeAccount {
  readonly products: StripeObject[];
  readonly prices: StripeObject[];
  readonly customers: StripeObject[];
  readonly subscriptions: StripeObject[];
}

interface AccountSize {
  readonly products: number;
  readonly prices: number;
  readonly customers: number;
  readonly subscriptions: number;
}

const createdSeconds = 1_700_000_000;
const monthSeconds = 2_592_000;

/** A plausible account, the same for the same seed. Every fifth price is archived, every seventh subscription canceled. */
export function generateAccount(size: AccountSize, seed = 1): StripeAccount {
  const random = randomOf(seed);
  const pick = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)];
  const idOf = (prefix: string, index: number) => `${prefix}_${seed}x${String(index).padStart(8, '0')}`;
  const many = (count: number, one: (index: number) => StripeObject) =>
    Array.from({ length: count }, (_, at) => one(at));

  const products = many(size.products, (index) => ({
    id: idOf('prod', index),
    object: 'product',
    name: `Plan ${index}`,
    description: pick([null, 'For teams']),
    active: index % 3 !== 2,
  }));
  const prices = many(size.prices, (index) => ({
    id: idOf('price', index),
    object: 'price',
    product: idOf('prod', index % size.products),
    currency: pick(['usd', 'eur']),
    unit_amount: 100 * index,
    unit_amount_decimal: String(100 * index),
    recurring: pick([null, { interval: 'month', interval_count: 1 }]),
    active: index % 5 !== 4,
  }));
  const customers = many(size.customers, (index) => ({
    id: idOf('cus', index),
    object: 'customer',
    email: `customer${index}@example.com`,
    name: pick(['Ada Lovelace', 'Zoë "Z" Müller', null]),
    metadata: { plan: pick(['gold', 'silver']) },
    created: createdSeconds + index,
  }));
  const subscriptions = many(size.subscriptions, (index) => ({
    id: idOf('sub', index),
    object: 'subscription',
    customer: idOf('cus', index % size.customers),
    status: index % 7 === 6 ? 'canceled' : 'active',
    items: {
      object: 'list',
      has_more: false,
      data: [
        {
          price: prices[index % size.prices],
          quantity: 1,
          current_period_end: createdSeconds + monthSeconds + index,
        },
      ],
    },
    cancel_at_period_end: false,
    created: createdSeconds + index,
  }));
  return { products, prices, customers, subscriptions };
}

/** Park and Miller's generator: from 0 to 1, the same row of numbers for a seed. */
function randomOf(seed: number) {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}
