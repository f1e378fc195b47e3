import { sql } from 'drizzle-orm';
import type { ExternalIdentity } from '../schema/context.ts';
import { createBatch } from './database/batch.ts';
import type { Database } from './database/database.ts';
import { customers, sessions } from './database/tables.ts';

export type SessionRow = Omit<typeof sessions.$inferInsert, 'lastUsedAt'>;

/** A session of a customer that was there before, and whose it was then. */
interface KnownInsert {
  readonly row: SessionRow;
  readonly identity: ExternalIdentity;
}

const maxRowsAtOnce = 500;

/**
 * Inserts sessions that arrive together in one statement. `false`: the customer is gone, or somebody else's by now; the same
 * statement looks, so that no session is issued for whose it was before.
 */
export function createSessionInserts({ db }: Pick<Database, 'db'>) {
  const inserted = db.$with('inserted', { id: sql<string>`id`.as('id') }).as(insert);
  const statement = db.with(inserted).select({ id: inserted.id }).from(inserted).prepare('insert_known_sessions');

  async function run(items: readonly KnownInsert[]): Promise<readonly boolean[]> {
    const rows = await statement.execute({ rows: JSON.stringify(items.map(toJson)) });
    const written = new Set(rows.map(({ id }) => id));
    return items.map(({ row }) => written.has(row.id));
  }

  return createBatch<KnownInsert, boolean>({ run, maxItems: maxRowsAtOnce });
}

const toJson = ({ row, identity }: KnownInsert) => ({
  merchant_id: row.merchantId,
  environment: row.environment,
  id: row.id,
  customer_id: row.customerId,
  key_id: row.keyId,
  external_user_id: row.externalUserId,
  operations: row.operations,
  metadata: row.metadata,
  created_at: row.createdAt,
  expires_at: row.expiresAt,
  known_user: identity.kind === 'user' ? identity.externalUserId : null,
  known_organization: identity.kind === 'organization' ? identity.externalOrganizationId : null,
});

/** Of whom somebody is giving to another right now nothing is written: the others in the batch do not wait for that. */
const insert = sql`insert into ${sessions}
    (merchant_id, environment, id, customer_id, key_id, external_user_id, operations, metadata, created_at, expires_at)
  select given.merchant_id, given.environment, given.id, given.customer_id, given.key_id, given.external_user_id,
    given.operations, given.metadata, given.created_at, given.expires_at
  from json_to_recordset(${sql.placeholder('rows')}::json) as given(
    merchant_id text, environment text, id text, customer_id text, key_id text, external_user_id text, operations text[],
    metadata jsonb, created_at timestamptz, expires_at timestamptz, known_user text, known_organization text)
  join ${customers} known
    on known.merchant_id = given.merchant_id and known.environment = given.environment and known.id = given.customer_id
  where known.external_user_id is not distinct from given.known_user
    and known.external_organization_id is not distinct from given.known_organization
  for key share of known skip locked
  returning id`;
