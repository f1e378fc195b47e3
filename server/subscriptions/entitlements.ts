import { sql } from 'drizzle-orm';
import type { EntitlementRecord, Entitlements, FeatureRecord } from '../../schema/billing.ts';
import type { Owner } from '../../schema/context.ts';
import type { CustomerId } from '../../schema/id.ts';
import { featureOf, readFeatures } from '../catalog/catalog-rows.ts';
import type { Database } from '../database/database.ts';
import type { TestClocks } from '../payments/test-clock.ts';
import { runningStatuses } from './subscription-rows.ts';

interface EntitlementsOptions {
  readonly database: Pick<Database, 'db'>;
  readonly testClocks: Pick<TestClocks, 'nowMs'>;
}

/** A product that a customer has, or that everybody has who has no subscription. */
interface Grant {
  /** `null`: everybody without a subscription. */
  readonly customerId: CustomerId | null;
  readonly isSubscribed: boolean;
  readonly contents: readonly { readonly key: string; readonly amount: number | null }[];
  /** The period of the subscription; `null` for what is had without one, and where it is not known. */
  readonly period: Period | null;
}

export interface Period {
  readonly start: Date;
  readonly end: Date | null;
}

/** What customers have of the merchant's features, and what is used of it. */
export function createEntitlements({ database: { db }, testClocks }: EntitlementsOptions): Entitlements {
  async function readGrants({ merchantId, environment }: Owner, customerIds: readonly CustomerId[]): Promise<Grant[]> {
    const { rows } = await db.execute<{
      customer_id: CustomerId | null;
      is_subscribed: boolean;
      contents: Grant['contents'];
      period_start: Date | string | null;
      period_end: Date | string | null;
    }>(sql`
      with part as (
        select customer_id, true as is_subscribed,
          coalesce(quota_period_start, current_period_start) as current_period_start, current_period_end,
          item->>'priceKey' as price_key, item->>'stripePriceId' as stripe_price_id
        from subscriptions, jsonb_array_elements(items) item
        where merchant_id = ${merchantId} and environment = ${environment}
          and customer_id = any(${sql.param([...customerIds])}::text[])
          and status = any(${sql.param([...runningStatuses])}::text[])
        union all
        select customer_id, false, null, null, price_key, null from purchases
        where merchant_id = ${merchantId} and environment = ${environment}
          and customer_id = any(${sql.param([...customerIds])}::text[])
      )
      select part.customer_id, part.is_subscribed, product.contents, part.current_period_start as period_start,
        part.current_period_end as period_end
      from part
      join prices price on price.merchant_id = ${merchantId} and price.environment = ${environment}
        and (price.key = part.price_key or price.stripe_price_id = part.stripe_price_id)
      join products product on product.merchant_id = ${merchantId} and product.environment = ${environment}
        and product.key = price.product_key
      union all
      select null, false, contents, null, null from products
      where merchant_id = ${merchantId} and environment = ${environment} and is_active and is_default`);
    return rows.map((row) => ({
      customerId: row.customer_id,
      isSubscribed: row.is_subscribed,
      contents: row.contents,
      period:
        row.period_start === null
          ? null
          : { start: new Date(row.period_start), end: row.period_end === null ? null : new Date(row.period_end) },
    }));
  }

  /** By customer, feature and the beginning of the period. */
  async function readUsed({ merchantId, environment }: Owner, customerIds: readonly CustomerId[], starts: Date[]) {
    const { rows } = await db.execute<{
      customer_id: CustomerId;
      feature_key: string;
      period_start: Date | string;
      used: string;
    }>(sql`
      select customer_id, feature_key, period_start, used from usage_totals
      where merchant_id = ${merchantId} and environment = ${environment}
        and customer_id = any(${sql.param([...customerIds])}::text[])
        and period_start = any(${sql.param(starts.map((start) => start.toISOString()))}::timestamptz[])`);
    const used = new Map(
      rows.map((row) => [usageKey(row.customer_id, row.feature_key, new Date(row.period_start)), Number(row.used)]),
    );
    return (customerId: CustomerId, featureKey: string, start: Date) =>
      used.get(usageKey(customerId, featureKey, start)) ?? 0;
  }

  return {
    async of(owner, customerIds) {
      const [featureRows, grants, nowMs] = await Promise.all([
        readFeatures(db, owner),
        readGrants(owner, customerIds),
        testClocks.nowMs(owner),
      ]);
      const features = featureRows.filter(({ isActive }) => isActive).map(featureOf);
      const month = monthOf(new Date(nowMs));
      const had = customerIds.map((id) => grantsOf(grants, id));
      const starts = [month, ...had.flat().flatMap(({ period }) => period ?? [])].map(({ start }) => start);
      const isAnyCounted = features.some(({ kind }) => kind === 'quota');
      const usedOf = isAnyCounted ? await readUsed(owner, customerIds, starts) : () => 0;
      return customerIds.map((id, index) =>
        features.map((feature) => {
          const granted = grantOf(feature, had[index] ?? [], month);
          return entitlementOf(feature, granted, usedOf(id, feature.key, granted.period.start));
        }),
      );
    },
  };
}

const usageKey = (customerId: CustomerId, featureKey: string, start: Date) =>
  `${customerId} ${start.getTime()} ${featureKey}`;

/** What is had by default counts only without a subscription. */
function grantsOf(grants: readonly Grant[], id: CustomerId): readonly Grant[] {
  const own = grants.filter(({ customerId }) => customerId === id);
  return own.some(({ isSubscribed }) => isSubscribed)
    ? own
    : [...own, ...grants.filter(({ customerId }) => customerId === null)];
}

interface Granted {
  readonly isGranted: boolean;
  readonly amount: number | null;
  readonly period: Period;
}

/** Of several that contain the feature the most counts; a quota is counted in the latest period of a subscription that has it. */
function grantOf({ key }: FeatureRecord, grants: readonly Grant[], month: Period): Granted {
  const found = grants.flatMap(({ contents, period }) =>
    contents.filter((content) => content.key === key).map(({ amount }) => ({ amount, period })),
  );
  const amounts = found.map(({ amount }) => amount);
  // What is had without a subscription must not begin its counting anew.
  const periods = found.flatMap(({ period }) => period ?? []);
  const latest = periods.toSorted((one, other) => other.start.getTime() - one.start.getTime())[0];
  return {
    isGranted: found.length > 0,
    amount: found.length === 0 ? 0 : amounts.includes(null) ? null : Math.max(...amounts.map((amount) => amount ?? 0)),
    period: latest ?? month,
  };
}

function entitlementOf(
  feature: FeatureRecord,
  { isGranted, amount, period }: Granted,
  used: number,
): EntitlementRecord {
  if (feature.kind === 'boolean') return { feature, isGranted, amount: null, usage: null };
  if (feature.kind === 'limit') return { feature, isGranted, amount, usage: null };
  const usage = { feature, used, amount, periodStart: period.start, periodEnd: period.end };
  return { feature, isGranted, amount, usage };
}

/** Without a subscription a period is a month of UTC. */
const monthOf = (now: Date): Period => ({
  start: new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth())),
  end: new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1)),
});
