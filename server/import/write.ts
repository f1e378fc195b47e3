import { type SQL, sql } from 'drizzle-orm';
import type { Owner } from '../../schema/context.ts';
import type { Transaction } from '../database/database.ts';
import { newId } from '../id.ts';
import { adoptOwn } from './adoption.ts';
import { isDeleted, removeDeleted } from './deleted-customers.ts';
import { json } from './json.ts';
import {
  type RecordKind,
  recordKinds,
  type SourceCustomer,
  type SourcePrice,
  type SourceProduct,
  type SourceRecord,
  type SourceSubscription,
} from './record.ts';
import { type Written, type WrittenRow, writtenOf } from './written.ts';

/** Under which of the merchant's own names a product of Stripe goes; `undefined`: the merchant has no name for it. */
export type ProductKeyOf = (stripeProductId: string) => string | undefined;

export interface WriteOptions {
  /** A dry run: what it met counts as if it had been written. */
  readonly rehearsalId: string | undefined;
  readonly productKeyOf: ProductKeyOf;
  readonly nowMs: number;
}

/** Writes records, each kind in one statement. What is the same already is left alone, so that a second run changes nothing. */
export async function writeRecords(
  transaction: Transaction,
  owner: Owner,
  records: readonly SourceRecord[],
  options: WriteOptions,
): Promise<Written> {
  const written: Written[] = [];
  for (const kind of recordKinds) {
    const ofKind = records.filter((record) => record.kind === kind);
    if (ofKind.length === 0) continue;
    if (kind === 'customer') await adoptOwn(transaction, owner, ofKind as readonly SourceCustomer[]);
    const { rows } = await transaction.execute<WrittenRow>(statementFor(kind, owner, ofKind, options));
    if (kind === 'customer') await transaction.execute(removeDeleted(owner, ofKind));
    written.push(writtenOf(kind, rows));
  }
  return {
    tallies: written.flatMap(({ tallies }) => tallies),
    problems: written.flatMap(({ problems }) => problems),
  };
}

function statementFor(kind: RecordKind, owner: Owner, records: readonly SourceRecord[], options: WriteOptions): SQL {
  switch (kind) {
    case 'product':
      return productsOf(owner, records as readonly SourceProduct[], options);
    case 'price':
      return pricesOf(owner, records as readonly SourcePrice[], options);
    case 'customer':
      return customersOf(owner, records as readonly SourceCustomer[], options);
    case 'subscription':
      return subscriptionsOf(owner, records as readonly SourceSubscription[], options);
  }
}

/** Whether a dry run has met the id: what it refers to was not kept. */
const isMet = ({ merchantId, environment }: Owner, { rehearsalId }: WriteOptions, id: SQL) =>
  sql`exists (select from imported_ids met where met.merchant_id = ${merchantId} and met.environment = ${environment}
    and met.import_id = ${rehearsalId ?? ''} and met.stripe_id = ${id})`;

const productsOf = (
  { merchantId, environment }: Owner,
  records: readonly SourceProduct[],
  options: WriteOptions,
) => sql`
  with given as (
    select * from json_to_recordset(${json(
      records.map(({ stripeId, name, description, isActive }) => ({
        stripe_id: stripeId,
        key: options.productKeyOf(stripeId),
        name,
        description,
        is_active: isActive,
      })),
    )}) as given(stripe_id text, key text, name text, description text, is_active boolean)
  ), judged as (
    select given.*, case
      when given.key is null then 'no key is given for this product'
      when exists (select from products taken where taken.merchant_id = ${merchantId} and taken.environment = ${environment}
        and taken.key = given.key and taken.stripe_product_id is distinct from given.stripe_id)
        then 'another product has the key ' || given.key
      end as problem
    from given
  ), written as (
    insert into products as known (merchant_id, environment, key, stripe_product_id, name, description, is_active)
    select ${merchantId}, ${environment}, key, stripe_id, name, description, is_active from judged where problem is null
    on conflict (merchant_id, environment, stripe_product_id) do update
      set key = excluded.key, is_active = excluded.is_active,
        name = case when known.is_in_catalog then known.name else excluded.name end,
        description = case when known.is_in_catalog then known.description else excluded.description end
      where (known.key, known.is_active) is distinct from (excluded.key, excluded.is_active)
        or (not known.is_in_catalog
          and (known.name, known.description) is distinct from (excluded.name, excluded.description))
    returning stripe_product_id, xmax = 0 as is_new
  )
  select judged.stripe_id, judged.problem, written.is_new
  from judged left join written on written.stripe_product_id = judged.stripe_id`;

const pricesOf = (owner: Owner, records: readonly SourcePrice[], options: WriteOptions) => sql`
  with given as (
    select * from json_to_recordset(${json(
      records.map((price) => ({
        stripe_id: price.stripeId,
        stripe_product_id: price.stripeProductId,
        product_key: options.productKeyOf(price.stripeProductId),
        currency: price.currency,
        unit_amount: price.unitAmount,
        interval: price.recurring?.interval,
        interval_count: price.recurring?.intervalCount,
        tiers_mode: price.tiersMode,
        has_tiers_mode: price.tiersMode !== undefined,
        tiers: price.tiers,
        is_active: price.isActive,
      })),
    )}) as given(stripe_id text, stripe_product_id text, product_key text, currency text, unit_amount numeric,
      interval text, interval_count integer, tiers_mode text, has_tiers_mode boolean, tiers jsonb, is_active boolean)
  ), judged as (
    select given.stripe_id, given.currency, given.unit_amount, given.interval, given.interval_count, given.is_active,
      case when given.has_tiers_mode then given.tiers_mode else known.tiers_mode end as tiers_mode,
      coalesce(given.tiers, known.tiers, '[]') as tiers, product.key, case
      when given.product_key is null then 'no key is given for its product'
      when product.key is null and not ${isMet(owner, options, sql`given.stripe_product_id`)}
        then 'its product is not here' end as problem
    from given left join products product
      on product.merchant_id = ${owner.merchantId} and product.environment = ${owner.environment}
        and product.stripe_product_id = given.stripe_product_id
      left join prices known on known.merchant_id = ${owner.merchantId} and known.environment = ${owner.environment}
        and known.stripe_price_id = given.stripe_id
  ), written as (
    insert into prices as known (merchant_id, environment, key, stripe_price_id, product_key, currency, unit_amount,
      interval, interval_count, tiers_mode, tiers, is_active)
    select ${owner.merchantId}, ${owner.environment}, stripe_id, stripe_id, key, currency, unit_amount, interval,
      interval_count, tiers_mode, tiers, is_active
    from judged where problem is null and key is not null
    on conflict (merchant_id, environment, stripe_price_id) do update
      set product_key = excluded.product_key, currency = excluded.currency, unit_amount = excluded.unit_amount,
        interval = excluded.interval, interval_count = excluded.interval_count, tiers_mode = excluded.tiers_mode,
        tiers = excluded.tiers, is_active = excluded.is_active
      where (known.product_key, known.currency, known.unit_amount, known.interval, known.interval_count,
          known.tiers_mode, known.tiers, known.is_active)
        is distinct from (excluded.product_key, excluded.currency, excluded.unit_amount, excluded.interval,
          excluded.interval_count, excluded.tiers_mode, excluded.tiers, excluded.is_active)
    returning stripe_price_id, xmax = 0 as is_new
  )
  select judged.stripe_id, judged.problem, coalesce(written.is_new, case when judged.key is null then true end) as is_new
  from judged left join written on written.stripe_price_id = judged.stripe_id`;

/** What the source does not say stays as it is. Metadata is taken once: from then on it is the merchant's own. */
const customersOf = (owner: Owner, records: readonly SourceCustomer[], { nowMs }: WriteOptions) => sql`
  with given as (
    select * from json_to_recordset(${json(
      records.map(({ stripeId, email, name, metadata }) => ({
        id: newId('cus', nowMs),
        stripe_id: stripeId,
        email,
        has_email: email !== undefined,
        name,
        has_name: name !== undefined,
        metadata,
      })),
    )}) as given(id text, stripe_id text, email text, has_email boolean, name text, has_name boolean, metadata jsonb)
  ), judged as (
    select given.id, given.stripe_id, given.metadata,
      case when given.has_email then given.email else known.email end as email,
      case when given.has_name then given.name else known.name end as name,
      case when ${isDeleted(owner, sql`given.stripe_id`)} then 'this customer was deleted' end as problem
    from given left join customers known
      on known.merchant_id = ${owner.merchantId} and known.environment = ${owner.environment}
        and known.stripe_customer_id = given.stripe_id
  ), written as (
    insert into customers as known (merchant_id, environment, id, stripe_customer_id, email, name, metadata, source, created_at)
    select ${owner.merchantId}, ${owner.environment}, id, stripe_id, email, name, metadata, 'import',
      ${new Date(nowMs).toISOString()}::timestamptz
    from judged where problem is null
    on conflict (merchant_id, environment, stripe_customer_id) do update
      set email = excluded.email, name = excluded.name
      where (known.email, known.name) is distinct from (excluded.email, excluded.name)
    returning stripe_customer_id, xmax = 0 as is_new
  )
  select judged.stripe_id, judged.problem, written.is_new
  from judged left join written on written.stripe_customer_id = judged.stripe_id`;

const subscriptionsOf = (owner: Owner, records: readonly SourceSubscription[], options: WriteOptions) => sql`
  with given as (
    select * from json_to_recordset(${json(
      records.map((subscription) => ({
        stripe_id: subscription.stripeId,
        stripe_customer_id: subscription.stripeCustomerId,
        status: subscription.status,
        items: subscription.items,
        current_period_start: subscription.currentPeriodStart,
        current_period_end: subscription.currentPeriodEnd,
        cancel_at_period_end: subscription.cancelAtPeriodEnd,
        canceled_at: subscription.canceledAt,
        trial_end: subscription.trialEnd,
        created_at: subscription.createdAt,
      })),
    )}) as given(stripe_id text, stripe_customer_id text, status text, items jsonb, current_period_start timestamptz,
      current_period_end timestamptz, cancel_at_period_end boolean, canceled_at timestamptz, trial_end timestamptz,
      created_at timestamptz)
  ), judged as (
    select given.*, customer.id as customer_id, case
      when customer.id is null and (${isDeleted(owner, sql`given.stripe_customer_id`)}
        or not ${isMet(owner, options, sql`given.stripe_customer_id`)})
        then 'its customer is not here' end as problem
    from given left join customers customer
      on customer.merchant_id = ${owner.merchantId} and customer.environment = ${owner.environment}
        and customer.stripe_customer_id = given.stripe_customer_id
  ), written as (
    insert into subscriptions as known (merchant_id, environment, id, stripe_subscription_id, customer_id, status, items,
      current_period_start, quota_period_start, current_period_end, cancel_at_period_end, canceled_at, trial_end, created_at)
    select ${owner.merchantId}, ${owner.environment}, stripe_id, stripe_id, customer_id, status, items,
      current_period_start, current_period_start, current_period_end, cancel_at_period_end, canceled_at, trial_end,
      created_at
    from judged where problem is null and customer_id is not null
    on conflict (merchant_id, environment, stripe_subscription_id) do update
      set customer_id = excluded.customer_id, status = excluded.status, items = excluded.items,
        current_period_start = excluded.current_period_start, current_period_end = excluded.current_period_end,
        cancel_at_period_end = excluded.cancel_at_period_end, canceled_at = excluded.canceled_at,
        trial_end = excluded.trial_end,
        quota_period_start = case when known.current_period_end > excluded.current_period_start
          then coalesce(known.quota_period_start, excluded.current_period_start)
          else excluded.current_period_start end
      where (known.customer_id, known.status, known.items, known.current_period_start, known.current_period_end,
          known.cancel_at_period_end, known.canceled_at, known.trial_end)
        is distinct from (excluded.customer_id, excluded.status, excluded.items, excluded.current_period_start,
          excluded.current_period_end, excluded.cancel_at_period_end, excluded.canceled_at, excluded.trial_end)
    returning stripe_subscription_id, xmax = 0 as is_new
  )
  select judged.stripe_id, judged.problem,
    coalesce(written.is_new, case when judged.customer_id is null then true end) as is_new
  from judged left join written on written.stripe_subscription_id = judged.stripe_id`;
