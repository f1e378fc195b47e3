import { sql } from 'drizzle-orm';
import {
  type AnyPgColumn,
  bigint,
  boolean,
  check,
  customType,
  foreignKey,
  index,
  integer,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  text,
  timestamp,
  unique,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type { JWK } from 'jose';
import type {
  AmountLine,
  FeatureKind,
  InvoiceStatus,
  PriceTier,
  RecurringInterval,
  SubscriptionStatus,
} from '../../schema/billing.ts';
import type {
  BindAttemptOutcome,
  CustomerSource,
  ImportCounts,
  ImportProblem,
  ImportStatus,
} from '../../schema/context.ts';
import type { Environment } from '../../schema/environment.ts';
import type { CustomerId, ImportId, KeyId, MerchantId, SessionId } from '../../schema/id.ts';
import type { SessionOperation } from '../../schema/operation.ts';

/** Text compared byte by byte, whatever the database's locale: ids sort by creation, and cursors rely on it. */
const id = customType<{ data: string }>({ dataType: () => 'text COLLATE "C"' });

const moment = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });

/**
 * Every row belongs to one merchant in one environment, which lead its keys. What belongs to a customer refers to that one
 * alone, and through it to the merchant: PostgreSQL would look for the merchant, too, at each row, and lock its row for it.
 */
const ownerThroughCustomer = () => ({
  merchantId: id('merchant_id').notNull().$type<MerchantId>(),
  environment: text('environment').notNull().$type<Environment>(),
});

const owner = () => {
  const { merchantId, environment } = ownerThroughCustomer();
  return { merchantId: merchantId.references(() => merchants.id), environment };
};

export const merchants = pgTable('merchants', {
  id: id('id').primaryKey().$type<MerchantId>(),
  name: text('name').notNull(),
  /** Whether an address binds only when the merchant's server says that it was verified. */
  requiresVerifiedEmail: boolean('requires_verified_email').notNull().default(false),
  createdAt: moment('created_at').notNull(),
});

export const secretKeys = pgTable(
  'secret_keys',
  {
    ...owner(),
    id: id('id').notNull().$type<KeyId>(),
    name: text('name').notNull(),
    /** HMAC-SHA-256 of the key under the pepper, base64url: the key itself is nowhere. */
    digest: text('digest').notNull(),
    lastFour: text('last_four').notNull(),
    createdAt: moment('created_at').notNull(),
    /** From when it is refused: at once when it is revoked, later when it is rolled with an overlap. */
    endsAt: moment('ends_at'),
  },
  (table) => [
    primaryKey({ columns: [table.merchantId, table.environment, table.id] }),
    // The one lookup that is made before the owner is known.
    unique('secret_keys_digest').on(table.digest),
  ],
);

/** Which of them signs, and which still verify, follows from these moments and the clock: no process has to say so. */
export const signingKeys = pgTable(
  'signing_keys',
  {
    environment: text('environment').notNull().$type<Environment>(),
    kid: text('kid').primaryKey(),
    publicJwk: jsonb('public_jwk').notNull().$type<JWK>(),
    /** The private JWK as a compact JWE under the master key. */
    privateJwe: text('private_jwe').notNull(),
    createdAt: moment('created_at').notNull(),
    /** From when it signs, and the one before it only verifies. */
    activeFrom: moment('active_from').notNull(),
    /** When it leaked, or was thought to have. */
    droppedAt: moment('dropped_at'),
  },
  (table) => [
    check('signing_keys_published_first', sql`${table.activeFrom} >= ${table.createdAt}`),
    check('signing_keys_dropped_after', sql`${table.droppedAt} >= ${table.createdAt}`),
  ],
);

export const customers = pgTable(
  'customers',
  {
    ...owner(),
    id: id('id').notNull().$type<CustomerId>(),
    /** Both ids are NULL while an imported customer waits for the user whose it is. */
    externalUserId: text('external_user_id'),
    externalOrganizationId: text('external_organization_id'),
    /** As given. */
    email: text('email'),
    /** What addresses are compared by; NULL when the address can never bind. The function says how. */
    emailKey: id('email_key').generatedAlwaysAs(sql`email_key(email)`),
    name: text('name'),
    metadata: jsonb('metadata').notNull().default({}).$type<Record<string, unknown>>(),
    stripeCustomerId: id('stripe_customer_id'),
    source: text('source').notNull().default('session').$type<CustomerSource>(),
    createdAt: moment('created_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.merchantId, table.environment, table.id] }),
    uniqueIndex('customers_user').on(table.merchantId, table.environment, table.externalUserId),
    uniqueIndex('customers_organization').on(table.merchantId, table.environment, table.externalOrganizationId),
    uniqueIndex('customers_stripe').on(table.merchantId, table.environment, table.stripeCustomerId),
    index('customers_email').on(table.merchantId, table.environment, table.emailKey),
    index('customers_unbound')
      .on(table.merchantId, table.environment, table.id)
      .where(sql`external_user_id is null and external_organization_id is null`),
    check(
      'customers_user_or_organization',
      sql`num_nonnulls(${table.externalUserId}, ${table.externalOrganizationId}) <= 1`,
    ),
  ],
);

const ofCustomer = (
  name: string,
  table: { merchantId: AnyPgColumn; environment: AnyPgColumn; customerId: AnyPgColumn },
) =>
  foreignKey({
    name,
    columns: [table.merchantId, table.environment, table.customerId],
    foreignColumns: [customers.merchantId, customers.environment, customers.id],
  }).onDelete('cascade');

/** Append-only: every attempt to say whose a customer is, with what was known then. It goes with its customer. */
export const bindAttempts = pgTable(
  'bind_attempts',
  {
    ...ownerThroughCustomer(),
    id: id('id').notNull(),
    /** The customer that came of it. */
    customerId: id('customer_id').notNull().$type<CustomerId>(),
    outcome: text('outcome').notNull().$type<BindAttemptOutcome>(),
    externalUserId: text('external_user_id'),
    externalOrganizationId: text('external_organization_id'),
    email: text('email'),
    emailKey: id('email_key').generatedAlwaysAs(sql`email_key(email)`),
    emailVerified: boolean('email_verified'),
    /** Unbound customers with the address, at that moment. */
    candidates: integer('candidates').notNull().default(0),
    /** The other customer that it was about: the one that was merged, or that could not be bound. */
    otherCustomerId: id('other_customer_id').$type<CustomerId>(),
    /** The secret key of the caller; NULL at the command line. */
    keyId: id('key_id').$type<KeyId>(),
    reason: text('reason'),
    createdAt: moment('created_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.merchantId, table.environment, table.id] }),
    ofCustomer('bind_attempts_customer', table),
    index('bind_attempts_by_customer').on(table.merchantId, table.environment, table.customerId, table.id),
    index('bind_attempts_by_other').on(table.merchantId, table.environment, table.otherCustomerId),
    index('bind_attempts_by_email').on(table.merchantId, table.environment, table.emailKey, table.id),
  ],
);

/** Customers of Stripe that were deleted, here or there: neither an import nor a late event brings them back. */
export const deletedCustomers = pgTable(
  'deleted_customers',
  { ...owner(), stripeCustomerId: id('stripe_customer_id').notNull(), deletedAt: moment('deleted_at').notNull() },
  (table) => [primaryKey({ columns: [table.merchantId, table.environment, table.stripeCustomerId] })],
);

/** What the merchant's app can do for those who have it; its place is the order in which features are shown. */
export const features = pgTable(
  'features',
  {
    ...owner(),
    /** The merchant's own name for it, which code refers to. */
    key: id('key').notNull(),
    name: text('name').notNull(),
    kind: text('kind').notNull().$type<FeatureKind>(),
    /** What is counted, in the plural. */
    unit: text('unit'),
    place: integer('place').notNull().default(0),
    isActive: boolean('is_active').notNull().default(true),
  },
  (table) => [primaryKey({ columns: [table.merchantId, table.environment, table.key] })],
);

export const products = pgTable(
  'products',
  {
    ...owner(),
    /** The merchant's own name for it, which code refers to. */
    key: id('key').notNull(),
    stripeProductId: id('stripe_product_id'),
    name: text('name').notNull(),
    description: text('description'),
    isActive: boolean('is_active').notNull(),
    /** Only a catalog shows it: what an import or Stripe brings is for sale to nobody before. */
    isVisible: boolean('is_visible').notNull().default(false),
    /** Whether customers without a subscription have what it contains. */
    isDefault: boolean('is_default').notNull().default(false),
    /** The keys of its features, in order; of a quota or limit NULL is as many as one likes. */
    contents: jsonb('contents').notNull().default([]).$type<readonly { key: string; amount: number | null }[]>(),
    place: integer('place').notNull().default(0),
    /** Whether a catalog says what it is called: an import leaves its name and description alone. */
    isInCatalog: boolean('is_in_catalog').notNull().default(false),
  },
  (table) => [
    primaryKey({ columns: [table.merchantId, table.environment, table.key] }),
    uniqueIndex('products_stripe').on(table.merchantId, table.environment, table.stripeProductId),
  ],
);

export const prices = pgTable(
  'prices',
  {
    ...owner(),
    /** The merchant's own name for it; Stripe's id where it has none. */
    key: id('key').notNull(),
    stripePriceId: id('stripe_price_id'),
    productKey: id('product_key').notNull(),
    /** ISO 4217, lower case. */
    currency: text('currency').notNull(),
    /** Minor units; NULL when tiers or the buyer decide. */
    unitAmount: numeric('unit_amount'),
    /** NULL: paid once. */
    interval: text('interval').$type<RecurringInterval>(),
    intervalCount: integer('interval_count'),
    tiersMode: text('tiers_mode').$type<'graduated' | 'volume'>(),
    tiers: jsonb('tiers').notNull().default([]).$type<readonly PriceTier[]>(),
    isActive: boolean('is_active').notNull(),
    /** Only a catalog shows it: what an import or Stripe brings is for sale to nobody before. */
    isVisible: boolean('is_visible').notNull().default(false),
    place: integer('place').notNull().default(0),
  },
  (table) => [
    primaryKey({ columns: [table.merchantId, table.environment, table.key] }),
    uniqueIndex('prices_stripe').on(table.merchantId, table.environment, table.stripePriceId),
    foreignKey({
      name: 'prices_product',
      columns: [table.merchantId, table.environment, table.productKey],
      foreignColumns: [products.merchantId, products.environment, products.key],
    })
      .onDelete('cascade')
      .onUpdate('cascade'),
    index('prices_by_product').on(table.merchantId, table.environment, table.productKey),
  ],
);

/** A part of a subscription: by our key of its price, or by Stripe's id, which may come before the price does. */
interface ItemColumn {
  readonly priceKey?: string;
  readonly stripePriceId?: string;
  readonly quantity: number | null;
}

export const subscriptions = pgTable(
  'subscriptions',
  {
    ...ownerThroughCustomer(),
    /** At Stripe where it is Stripe's. */
    id: id('id').notNull(),
    /** NULL: of the built-in payments of the sandbox. */
    stripeSubscriptionId: id('stripe_subscription_id'),
    customerId: id('customer_id').notNull().$type<CustomerId>(),
    /** As Stripe has it. */
    status: text('status').notNull().$type<SubscriptionStatus>(),
    items: jsonb('items').notNull().$type<readonly ItemColumn[]>(),
    currentPeriodStart: moment('current_period_start'),
    currentPeriodEnd: moment('current_period_end'),
    /** Of the built-in payments: the day of it is the day on which months and years end. */
    periodAnchor: moment('period_anchor'),
    /** Since when quotas are counted: a change of interval begins a period, and must not begin a quota anew. */
    quotaPeriodStart: moment('quota_period_start'),
    cancelAtPeriodEnd: boolean('cancel_at_period_end').notNull(),
    canceledAt: moment('canceled_at'),
    trialEnd: moment('trial_end'),
    createdAt: moment('created_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.merchantId, table.environment, table.id] }),
    uniqueIndex('subscriptions_stripe').on(table.merchantId, table.environment, table.stripeSubscriptionId),
    ofCustomer('subscriptions_customer', table),
    index('subscriptions_by_customer').on(table.merchantId, table.environment, table.customerId),
    index('subscriptions_simulated')
      .on(table.currentPeriodEnd)
      .where(sql`stripe_subscription_id is null and status in ('trialing', 'active', 'past_due')`),
  ],
);

/** What was bought once. It stays. */
export const purchases = pgTable(
  'purchases',
  {
    ...ownerThroughCustomer(),
    /** The checkout that paid for it. */
    id: id('id').notNull(),
    customerId: id('customer_id').notNull().$type<CustomerId>(),
    priceKey: id('price_key').notNull(),
    quantity: integer('quantity').notNull(),
    createdAt: moment('created_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.merchantId, table.environment, table.id] }),
    ofCustomer('purchases_customer', table),
    index('purchases_by_customer').on(table.merchantId, table.environment, table.customerId),
  ],
);

/** What was used of a quota in one period. */
export const usageTotals = pgTable(
  'usage_totals',
  {
    ...ownerThroughCustomer(),
    customerId: id('customer_id').notNull().$type<CustomerId>(),
    featureKey: id('feature_key').notNull(),
    periodStart: moment('period_start').notNull(),
    used: bigint('used', { mode: 'number' }).notNull(),
  },
  (table) => [
    primaryKey({
      columns: [table.merchantId, table.environment, table.customerId, table.featureKey, table.periodStart],
    }),
    ofCustomer('usage_totals_customer', table),
    check('usage_totals_positive', sql`${table.used} >= 0`),
  ],
);

/** Each use that was counted, so that the same again counts once. */
export const usageEvents = pgTable(
  'usage_events',
  {
    ...ownerThroughCustomer(),
    customerId: id('customer_id').notNull().$type<CustomerId>(),
    idempotencyKey: id('idempotency_key').notNull(),
    featureKey: id('feature_key').notNull(),
    amount: bigint('amount', { mode: 'number' }).notNull(),
    createdAt: moment('created_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.merchantId, table.environment, table.customerId, table.idempotencyKey] }),
    ofCustomer('usage_events_customer', table),
    index('usage_events_by_age').on(table.createdAt),
    check('usage_events_positive', sql`${table.amount} > 0`),
  ],
);

/** A page on which a customer pays, or has paid. */
export const checkouts = pgTable(
  'checkouts',
  {
    ...ownerThroughCustomer(),
    id: id('id').notNull(),
    customerId: id('customer_id').notNull().$type<CustomerId>(),
    priceKey: id('price_key').notNull(),
    quantity: integer('quantity').notNull(),
    successUrl: text('success_url').notNull(),
    cancelUrl: text('cancel_url').notNull(),
    status: text('status').notNull().$type<'open' | 'complete' | 'expired'>(),
    /** NULL until whoever takes the payment has said. */
    url: text('url'),
    stripeSessionId: id('stripe_session_id'),
    createdAt: moment('created_at').notNull(),
    expiresAt: moment('expires_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.merchantId, table.environment, table.id] }),
    ofCustomer('checkouts_customer', table),
    index('checkouts_by_customer').on(table.merchantId, table.environment, table.customerId, table.id),
    uniqueIndex('checkouts_stripe').on(table.merchantId, table.environment, table.stripeSessionId),
    index('checkouts_by_expiry').on(table.expiresAt),
  ],
);

/** How far a merchant has moved its test clock ahead of time. */
export const testClocks = pgTable(
  'test_clocks',
  { ...owner(), aheadMs: bigint('ahead_ms', { mode: 'number' }).notNull() },
  (table) => [primaryKey({ columns: [table.merchantId, table.environment] })],
);

/** Of the built-in payments of the sandbox: how a customer pays, and what was given back and not yet used up. */
export const simulatedAccounts = pgTable(
  'simulated_accounts',
  {
    ...ownerThroughCustomer(),
    customerId: id('customer_id').notNull().$type<CustomerId>(),
    /** One of the test cards, by its last four digits. */
    cardLastFour: text('card_last_four'),
    /** Minor units that count towards the next invoices, by currency. */
    credit: jsonb('credit').notNull().default({}).$type<Readonly<Record<string, number>>>(),
  },
  (table) => [
    primaryKey({ columns: [table.merchantId, table.environment, table.customerId] }),
    ofCustomer('simulated_accounts_customer', table),
  ],
);

/** Of the built-in payments of the sandbox: what a customer was asked to pay. Its id is also the way to its page. */
export const simulatedInvoices = pgTable(
  'simulated_invoices',
  {
    ...ownerThroughCustomer(),
    id: id('id').notNull(),
    customerId: id('customer_id').notNull().$type<CustomerId>(),
    number: text('number').notNull(),
    status: text('status').notNull().$type<InvoiceStatus>(),
    /** ISO 4217, lower case; amounts are its minor units. */
    currency: text('currency').notNull(),
    lines: jsonb('lines').notNull().$type<readonly AmountLine[]>(),
    total: bigint('total', { mode: 'number' }).notNull(),
    amountDue: bigint('amount_due', { mode: 'number' }).notNull(),
    amountPaid: bigint('amount_paid', { mode: 'number' }).notNull(),
    createdAt: moment('created_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.merchantId, table.environment, table.id] }),
    ofCustomer('simulated_invoices_customer', table),
    index('simulated_invoices_by_customer').on(table.merchantId, table.environment, table.customerId, table.id),
  ],
);

/** Of the built-in payments of the sandbox: a page on which a customer changes its card. Its id is the way to it. */
export const simulatedPortals = pgTable(
  'simulated_portals',
  {
    ...ownerThroughCustomer(),
    id: id('id').notNull(),
    customerId: id('customer_id').notNull().$type<CustomerId>(),
    returnUrl: text('return_url').notNull(),
    expiresAt: moment('expires_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.merchantId, table.environment, table.id] }),
    ofCustomer('simulated_portals_customer', table),
    index('simulated_portals_by_expiry').on(table.expiresAt),
  ],
);

export const sessions = pgTable(
  'sessions',
  {
    ...ownerThroughCustomer(),
    id: id('id').notNull().$type<SessionId>(),
    customerId: id('customer_id').notNull().$type<CustomerId>(),
    keyId: id('key_id').notNull().$type<KeyId>(),
    externalUserId: text('external_user_id').notNull(),
    /** NULL is every operation. */
    operations: text('operations').array().$type<SessionOperation[]>(),
    metadata: jsonb('metadata').notNull().$type<Record<string, unknown>>(),
    createdAt: moment('created_at').notNull(),
    expiresAt: moment('expires_at').notNull(),
    lastUsedAt: moment('last_used_at'),
  },
  (table) => [
    primaryKey({ columns: [table.merchantId, table.environment, table.id] }),
    ofCustomer('sessions_customer', table),
    index('sessions_by_customer').on(table.merchantId, table.environment, table.customerId, table.id),
    index('sessions_by_key').on(table.merchantId, table.environment, table.keyId, table.id),
    index('sessions_by_expiry').on(table.expiresAt),
  ],
);

/**
 * What a revocation ends: one session, everything that a key issued before it ended and while that was becoming known,
 * everything of a customer that is gone, or everything that was issued for or by one of the others until a moment.
 */
export type RevocationKind = 'session' | 'ended_key' | 'ended_customer' | 'customer' | 'key' | 'merchant';

export const revocations = pgTable(
  'revocations',
  {
    ...owner(),
    id: id('id').notNull(),
    kind: text('kind').notNull().$type<RevocationKind>(),
    /** The id of the session, key, customer or merchant. */
    subject: id('subject').notNull(),
    /** From this moment, tokens that were issued until this moment are refused. May lie ahead. */
    revokedAt: moment('revoked_at').notNull(),
    /** No token that it concerns lives longer: the row may be removed then. */
    expiresAt: moment('expires_at').notNull(),
    /** The database's own clock at the insert: what the feed reads by. */
    recordedAt: timestamp('recorded_at', { withTimezone: true })
      .notNull()
      .default(sql`clock_timestamp()`),
  },
  (table) => [
    primaryKey({ columns: [table.merchantId, table.environment, table.id] }),
    index('revocations_by_subject').on(table.merchantId, table.environment, table.kind, table.subject),
    index('revocations_feed').on(table.recordedAt),
    index('revocations_by_expiry').on(table.expiresAt),
  ],
);

/** Runs of an import, the one under way among them. */
export const imports = pgTable(
  'imports',
  {
    ...owner(),
    id: id('id').notNull().$type<ImportId>(),
    /** What it reads: `stripe`, or a file; the same again goes on where it stopped. */
    sourceName: text('source_name').notNull(),
    mode: text('mode').notNull().$type<'dry' | 'real'>(),
    status: text('status').notNull().$type<ImportStatus>(),
    /** Where to go on; NULL before the first batch. */
    cursor: text('cursor'),
    counts: jsonb('counts').notNull().$type<ImportCounts>(),
    /** The first ones. */
    problems: jsonb('problems').notNull().$type<readonly ImportProblem[]>(),
    failure: text('failure'),
    startedAt: moment('started_at').notNull(),
    updatedAt: moment('updated_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.merchantId, table.environment, table.id] })],
);

/** What a run that is not finished has met: an id that comes twice, and what a dry run would have written. */
export const importedIds = pgTable(
  'imported_ids',
  { ...owner(), importId: id('import_id').notNull(), stripeId: id('stripe_id').notNull() },
  (table) => [primaryKey({ columns: [table.merchantId, table.environment, table.importId, table.stripeId] })],
);

/** How to reach a merchant's account at Stripe; both secrets as JWE under the master key. */
export const stripeAccounts = pgTable(
  'stripe_accounts',
  {
    ...owner(),
    secretKeyJwe: text('secret_key_jwe'),
    webhookSecretJwe: text('webhook_secret_jwe'),
    updatedAt: moment('updated_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.merchantId, table.environment] })],
);

/** How far each object's events of Stripe have come: one that comes again, or after a newer one, changes nothing. */
export const stripeEvents = pgTable(
  'stripe_events',
  {
    ...owner(),
    /** The object that it is about: `cus_…`, `sub_…`. */
    objectId: id('object_id').notNull(),
    /** When Stripe made the newest event that was taken for it, seconds since the epoch. */
    newestAtSeconds: bigint('newest_at_seconds', { mode: 'number' }).notNull(),
    /** What had happened by then: 0 created, 1 changed, 2 deleted. Orders the events of one second. */
    newestStage: integer('newest_stage').notNull(),
    /** The events of that second that were taken. */
    eventIds: text('event_ids').array().notNull(),
  },
  (table) => [primaryKey({ columns: [table.merchantId, table.environment, table.objectId] })],
);

/** What several processes counted together within a minute: the sums of rate limits. */
export const rateLimits = pgTable('rate_limits', {
  /** Which limit, and whose. */
  key: id('key').primaryKey(),
  points: bigint('points', { mode: 'number' }).notNull(),
  expiresAt: moment('expires_at').notNull(),
});
