import type { Owner } from '../../schema/context.ts';
import type { ImportSource, SourceCustomer, SourceRecord } from '../../server/import/record.ts';
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
