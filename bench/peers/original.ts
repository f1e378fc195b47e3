import { Pool } from 'pg';
import { toClientConfig } from '../../server/database/connection.ts';
import { attachEmbedded } from '../../server/database/embedded.ts';
import { drained, readTask, serveBare } from '../floors/server.ts';
import type { PeerTask } from './task.ts';

// Opaque tokens, as one would first think of them: each check reads the session and writes that it was used. The token is
// the session's id here, and the tables are ours: what is compared is the design, not the schema.
const { dataDirectory } = readTask() as PeerTask;
const { connection } = await attachEmbedded({ dataDirectory, durability: 'durable' });
const pool = new Pool({ ...toClientConfig(connection), max: 20 });
const prefix = 'Bearer ';

interface Found {
  readonly merchant_id: string;
  readonly environment: string;
  readonly id: string;
  readonly customer_id: string;
}

async function sessionOf(token: string): Promise<Found> {
  const { rows } = await pool.query<Found>({
    name: 'session',
    text: `select merchant_id, environment, id, customer_id from sessions
      where merchant_id = (select id from merchants limit 1) and environment = 'test' and id = $1 and expires_at > now()
        and not exists (select from revocations
          where revocations.merchant_id = sessions.merchant_id and revocations.environment = sessions.environment
            and kind = 'session' and subject = sessions.id)`,
    values: [token],
  });
  if (!rows[0]) throw new Error('no such session');
  return rows[0];
}

serveBare(async (request) => {
  await drained(request);
  const session = await sessionOf((request.headers.authorization ?? '').slice(prefix.length));
  const { merchant_id: merchantId, environment, id, customer_id: customerId } = session;
  await pool.query({
    name: 'use',
    text: 'update sessions set last_used_at = now() where merchant_id = $1 and environment = $2 and id = $3',
    values: [merchantId, environment, id],
  });
  const { rows } = await pool.query<Record<string, unknown>>({
    name: 'customer',
    text: `select id, external_user_id as "externalUserId", external_organization_id as "externalOrganizationId", email, name,
        created_at as "createdAt"
      from customers where merchant_id = $1 and environment = $2 and id = $3`,
    values: [merchantId, environment, customerId],
  });
  return JSON.stringify({ data: { viewer: rows[0] } });
});
