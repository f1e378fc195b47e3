import { z } from 'zod';
import { type PriceTier, subscriptionStatuses } from '../../schema/billing.ts';
import type {
  RowProblem,
  SourceCustomer,
  SourcePrice,
  SourceProduct,
  SourceRecord,
  SourceSubscription,
} from '../import/record.ts';
import { chosenId, givenText, idOf, metadata, moment, optionalText, reference, text } from './fields.ts';

/** What an object of Stripe's is for us: `undefined` when Stripe has deleted it. */
type Converted<Kind extends SourceRecord> = Kind | RowProblem | undefined;

const customer = z
  .object({
    id: idOf('cus'),
    email: givenText(320).optional(),
    name: givenText(1_000).optional(),
    metadata,
  })
  .transform(({ id, email, name, ...rest }): SourceCustomer => ({
    kind: 'customer',
    stripeId: id,
    email,
    name,
    ...rest,
  }));

const product = z
  .object({
    id: chosenId,
    name: text(5_000),
    description: optionalText(50_000),
    active: z.boolean().default(true),
  })
  .transform(({ id, active, ...rest }): SourceProduct => ({
    kind: 'product',
    stripeId: id,
    ...rest,
    isActive: active,
  }));

const wholeAmount = z.int().nullish();
const decimalAmount = z
  .string()
  .regex(/^-?\d{1,20}(\.\d{1,12})?$/)
  .nullish();

/** The decimal one is exact below a minor unit; older versions of the API lack it. */
const amountOf = (whole: number | null | undefined, decimal: string | null | undefined) =>
  decimal ?? whole?.toString() ?? null;

const tier = z
  .object({
    up_to: z.int().min(1).nullish(),
    unit_amount: wholeAmount,
    unit_amount_decimal: decimalAmount,
    flat_amount: wholeAmount,
    flat_amount_decimal: decimalAmount,
  })
  .transform((one): PriceTier => ({
    upTo: one.up_to ?? null,
    unitAmount: amountOf(one.unit_amount, one.unit_amount_decimal),
    flatAmount: amountOf(one.flat_amount, one.flat_amount_decimal),
  }));

const price = z
  .object({
    id: chosenId,
    product: reference(chosenId),
    currency: z.string().regex(/^[a-z]{3}$/, { error: 'is not a currency such as usd' }),
    unit_amount: wholeAmount,
    unit_amount_decimal: decimalAmount,
    tiers_mode: z.enum(['graduated', 'volume']).nullish(),
    tiers: z.array(tier).nullish(),
    recurring: z
      .object({ interval: z.enum(['day', 'week', 'month', 'year']), interval_count: z.int().min(1).default(1) })
      .transform(({ interval, interval_count: intervalCount }) => ({ interval, intervalCount }))
      .nullish(),
    active: z.boolean().default(true),
  })
  .transform((one): SourcePrice => ({
    kind: 'price',
    stripeId: one.id,
    stripeProductId: one.product,
    currency: one.currency,
    unitAmount: amountOf(one.unit_amount, one.unit_amount_decimal),
    recurring: one.recurring ?? null,
    tiersMode: one.tiers_mode,
    // Stripe leaves them out unless they are asked for.
    tiers: one.tiers_mode === null ? [] : (one.tiers ?? undefined),
    isActive: one.active,
  }));

const item = z
  .object({
    price: reference(chosenId).nullish(),
    plan: reference(chosenId).nullish(),
    quantity: z.int().min(0).nullish(),
    current_period_start: moment.nullish(),
    current_period_end: moment.nullish(),
  })
  .transform(({ price, plan, quantity, ...period }, context) => {
    const stripePriceId = price ?? plan;
    if (stripePriceId == null) context.addIssue({ code: 'custom', message: 'has one without a price' });
    return {
      stripePriceId: stripePriceId ?? '',
      quantity: quantity ?? null,
      periodStart: period.current_period_start,
      periodEnd: period.current_period_end,
    };
  });

const subscription = z
  .object({
    id: idOf('sub'),
    customer: reference(idOf('cus')),
    status: z.enum(subscriptionStatuses, { error: 'is not a status such as active' }),
    items: z.object({
      data: z.array(item),
      has_more: z.literal(false, { error: 'has more than Stripe sent along' }).nullish(),
    }),
    current_period_start: moment.nullish(),
    current_period_end: moment.nullish(),
    cancel_at_period_end: z.boolean().default(false),
    canceled_at: moment.nullish(),
    trial_end: moment.nullish(),
    created: moment,
  })
  .transform((one): SourceSubscription => ({
    kind: 'subscription',
    stripeId: one.id,
    stripeCustomerId: one.customer,
    status: one.status,
    items: one.items.data.map(({ stripePriceId, quantity }) => ({ stripePriceId, quantity })),
    currentPeriodStart: one.current_period_start ?? latest(one.items.data.map(({ periodStart }) => periodStart)),
    currentPeriodEnd: one.current_period_end ?? latest(one.items.data.map(({ periodEnd }) => periodEnd)),
    cancelAtPeriodEnd: one.cancel_at_period_end,
    canceledAt: one.canceled_at ?? null,
    trialEnd: one.trial_end ?? null,
    createdAt: one.created,
  }));

/** Items may be paid for different times; the subscription is paid for as long as one of them. */
const latest = (dates: readonly (Date | null | undefined)[]) =>
  dates.reduce<Date | null>((last, date) => (date && (!last || date > last) ? date : last), null);

/** Says what is wrong without the value, which may be anybody's. */
function converter<Kind extends SourceRecord>(schema: z.ZodType<Kind>) {
  return (object: unknown, where: string): Converted<Kind> => {
    if (isDeleted(object)) return undefined;
    const { data, error } = schema.safeParse(object, {
      error: ({ input }) => (input === undefined ? 'is missing' : 'is not what Stripe writes there'),
    });
    return data ?? { where, reason: error ? reasonOf(error) : 'is empty' };
  };
}

const isDeleted = (object: unknown) =>
  typeof object === 'object' && object !== null && 'deleted' in object && object.deleted === true;

const reasonOf = ({ issues }: z.ZodError) =>
  [
    ...new Set(issues.map(({ path: [field], message }) => `${field === undefined ? 'it' : String(field)} ${message}`)),
  ].join('; ');

export const customerOf = converter(customer);
export const productOf = converter(product);
export const priceOf = converter(price);
export const subscriptionOf = converter(subscription);

/** Any of the four, by its `object`; without one it is a customer. */
export function recordOf(object: unknown, where: string): Converted<SourceRecord> {
  const name = typeof object === 'object' && object !== null && 'object' in object ? object.object : 'customer';
  switch (name) {
    case 'customer':
      return customerOf(object, where);
    case 'product':
      return productOf(object, where);
    case 'price':
      return priceOf(object, where);
    case 'subscription':
      return subscriptionOf(object, where);
    default:
      return { where, reason: 'it is no customer, product, price or subscription of Stripe' };
  }
}
