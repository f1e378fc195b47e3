import type { Owner } from '../../schema/context.ts';
import { productKeysFor } from '../../server/import/product-keys.ts';
import type {
  ImportSource,
  SourceCustomer,
  SourcePrice,
  SourceProduct,
  SourceRecord,
  SourceSubscription,
} from '../../server/import/record.ts';
import type { Harness, TestMerchant } from './harness.ts';

/** A source of these records, in batches. */
export const sourceOf = (records: readonly SourceRecord[], kind: ImportSource['kind'] = 'stripe'): ImportSource => ({
  kind,
  async *read(cursor = '0') {
    for (let at = Number(cursor); at < records.length; at += 500) {
      const next = Math.min(at + 500, records.length);
      yield { records: records.slice(at, next), problems: [], cursor: String(next), fraction: next / records.length };
    }
  },
});

export const sourceCustomer = (stripeId: string, email: string | null = null): SourceCustomer => ({
  kind: 'customer',
  stripeId,
  email,
  name: `Name of ${stripeId}`,
  metadata: {},
});

export const sourceProduct = (stripeId: string, more: Partial<SourceProduct> = {}): SourceProduct => ({
  kind: 'product',
  stripeId,
  name: `At Stripe ${stripeId}`,
  description: null,
  isActive: true,
  ...more,
});

/** Nine dollars a month. */
export const sourcePrice = (stripeId: string, stripeProductId: string, more: Partial<SourcePrice> = {}) =>
  ({
    kind: 'price',
    stripeId,
    stripeProductId,
    currency: 'usd',
    unitAmount: '900',
    recurring: { interval: 'month', intervalCount: 1 },
    isActive: true,
    ...more,
  }) as SourcePrice;

/** Active, and since now. */
export const sourceSubscription = (
  stripeId: string,
  stripeCustomerId: string,
  stripePriceId: string,
  more: Partial<SourceSubscription> = {},
): SourceSubscription => ({
  kind: 'subscription',
  stripeId,
  stripeCustomerId,
  status: 'active',
  items: [{ stripePriceId, quantity: 1 }],
  currentPeriodStart: new Date(),
  currentPeriodEnd: null,
  cancelAtPeriodEnd: false,
  canceledAt: null,
  trialEnd: null,
  createdAt: new Date(),
  ...more,
});

/** Imports all of these. */
export async function importRecords(
  { rules, database }: Harness,
  merchant: TestMerchant,
  records: readonly SourceRecord[],
) {
  const owner = ownerOf(merchant);
  const productKeyOf = await productKeysFor(database, owner, undefined);
  const options = { source: sourceOf(records), sourceName: 'test', mode: 'real', productKeyOf } as const;
  const run = await rules.imports.run(owner, await rules.imports.begin(owner, options), options);
  if (run.status !== 'done' || run.problems.length > 0) throw new Error(JSON.stringify(run));
  return run.counts;
}

export const ownerOf = ({ id, environment }: TestMerchant): Owner => ({ merchantId: id, environment });

/** Imports these customers, `cus_1: 'ada@x.com'`. The id here of each is in the answer. */
export async function importCustomers(
  { rules }: Harness,
  merchant: TestMerchant,
  emails: Readonly<Record<string, string | null>>,
): Promise<Record<string, string>> {
  const owner = ownerOf(merchant);
  const source = sourceOf(Object.entries(emails).map(([stripeId, email]) => sourceCustomer(stripeId, email)));
  const options = { source, sourceName: 'test', mode: 'real', productKeyOf: (id: string) => id } as const;
  const run = await rules.imports.run(owner, await rules.imports.begin(owner, options), options);
  if (run.status !== 'done') throw new Error(run.failure ?? 'the import is not done');
  const ids = await Promise.all(
    Object.keys(emails).map(async (stripeCustomerId) => {
      const found = await rules.customers.findBy({ kind: 'merchant', ...owner }, { kind: 'stripe', stripeCustomerId });
      return [stripeCustomerId, found?.id ?? ''] as const;
    }),
  );
  return Object.fromEntries(ids);
}
