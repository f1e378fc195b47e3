import { sql } from 'drizzle-orm';
import {
  check,
  customType,
  foreignKey,
  index,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  unique,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type { JWK } from 'jose';
import type { Environment } from '../../schema/environment.ts';
import type { CustomerId, KeyId, MerchantId, SessionId } from '../../schema/id.ts';
import type { SessionOperation } from '../../schema/operation.ts';

/** Text compared byte by byte, whatever the database's locale: ids sort by creation, and cursors rely on it. */
const id = customType<{ data: string }>({ dataType: () => 'text COLLATE "C"' });

const moment = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });

/** Every row belongs to one merchant in one environment, which lead its keys. */
const owner = () => ({
  merchantId: id('merchant_id')
    .notNull()
    .$type<MerchantId>()
    .references(() => merchants.id),
  environment: text('environment').notNull().$type<Environment>(),
});

export const merchants = pgTable('merchants', {
  id: id('id').primaryKey().$type<MerchantId>(),
  name: text('name').notNull(),
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

export const signingKeys = pgTable(
  'signing_keys',
  {
    environment: text('environment').notNull().$type<Environment>(),
    kid: text('kid').notNull(),
    publicJwk: jsonb('public_jwk').notNull().$type<JWK>(),
    /** The private JWK as a compact JWE under the master key. */
    privateJwe: text('private_jwe').notNull(),
    createdAt: moment('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.environment, table.kid] })],
);

export const customers = pgTable(
  'customers',
  {
    ...owner(),
    id: id('id').notNull().$type<CustomerId>(),
    externalUserId: text('external_user_id'),
    externalOrganizationId: text('external_organization_id'),
    email: text('email'),
    createdAt: moment('created_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.merchantId, table.environment, table.id] }),
    uniqueIndex('customers_user').on(table.merchantId, table.environment, table.externalUserId),
    uniqueIndex('customers_organization').on(table.merchantId, table.environment, table.externalOrganizationId),
    check(
      'customers_user_or_organization',
      sql`num_nonnulls(${table.externalUserId}, ${table.externalOrganizationId}) = 1`,
    ),
  ],
);

export const sessions = pgTable(
  'sessions',
  {
    ...owner(),
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
    foreignKey({
      name: 'sessions_customer',
      columns: [table.merchantId, table.environment, table.customerId],
      foreignColumns: [customers.merchantId, customers.environment, customers.id],
    }).onDelete('cascade'),
    index('sessions_by_customer').on(table.merchantId, table.environment, table.customerId, table.id),
    index('sessions_by_key').on(table.merchantId, table.environment, table.keyId, table.id),
    index('sessions_by_expiry').on(table.expiresAt),
  ],
);

/**
 * What a revocation ends: one session, everything that a key issued before it ended and while that was becoming known, or
 * everything that was issued for or by one of the others until a moment.
 */
export type RevocationKind = 'session' | 'ended_key' | 'customer' | 'key' | 'merchant';

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
