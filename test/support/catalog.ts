import type { Harness } from './harness.ts';
import type { TestMerchant } from './harness.ts';

/** A small shop: nothing, then more, then all; by the month or the year, in two currencies, with an extra that is bought once. */
export const smallCatalog = {
  features: [
    { key: 'watermark-free', name: 'No watermark', kind: 'BOOLEAN' },
    { key: 'exports', name: 'Exports', kind: 'QUOTA', unit: 'exports' },
    { key: 'projects', name: 'Projects', kind: 'LIMIT', unit: 'projects' },
    { key: 'fonts', name: 'Extra fonts', kind: 'BOOLEAN' },
  ],
  products: [
    { key: 'free', name: 'Free', default: true, features: [{ key: 'exports', amount: 3 }], prices: [] },
    {
      key: 'pro',
      name: 'Pro',
      description: 'For people who export.',
      features: [{ key: 'watermark-free' }, { key: 'exports', amount: 100 }, { key: 'projects', amount: 10 }],
      prices: [
        { key: 'pro-monthly', currency: 'usd', unitAmount: 1900, recurring: { interval: 'MONTH' } },
        { key: 'pro-yearly', currency: 'usd', unitAmount: 19_000, recurring: { interval: 'YEAR' } },
        { key: 'pro-monthly-eur', currency: 'eur', unitAmount: 1800, recurring: { interval: 'MONTH' } },
        { key: 'pro-hidden', currency: 'usd', unitAmount: 900, recurring: { interval: 'MONTH' }, visible: false },
      ],
    },
    {
      key: 'team',
      name: 'Team',
      features: [{ key: 'watermark-free' }, { key: 'exports' }, { key: 'projects' }],
      prices: [
        {
          key: 'team-monthly',
          currency: 'usd',
          tiersMode: 'GRADUATED',
          tiers: [{ upTo: 5, unitAmount: '1500' }, { unitAmount: '1200' }],
          recurring: { interval: 'MONTH' },
        },
      ],
    },
    {
      key: 'fonts',
      name: 'Font pack',
      features: [{ key: 'fonts' }],
      prices: [{ key: 'fonts-once', currency: 'usd', unitAmount: 500 }],
    },
  ],
} as const;

const applyCatalog =
  'mutation ($input: CatalogInput!, $mode: CatalogMode) { applyCatalog(input: $input, mode: $mode) { changes { kind noun key fields } } }';

export const apply = (harness: Harness, { secretKey, environment }: TestMerchant, input: object, mode = 'REAL') =>
  harness.graphql(secretKey, applyCatalog, { input, mode }, { environment });
