import { sql } from 'drizzle-orm';
import type { Config } from '../config.ts';
import type { Database } from '../database/database.ts';
import { deriveKeys } from '../master-key.ts';
import { unseal } from '../token/sealed.ts';
import { readMasterKey } from './data-directory.ts';
import { failure, ok, warning } from './finding.ts';

/** That the master key opens every signing key. */
export async function checkSigningKeys({ db }: Pick<Database, 'db'>, config: Config) {
  const { encryptionKey } = deriveKeys(await readMasterKey(config));
  const { rows } = await db.execute<{ kid: string; private_jwe: string }>(
    sql`select kid, private_jwe from signing_keys order by created_at`,
  );
  if (rows.length === 0) return warning('there are no signing keys yet: the first start makes them');
  const opened = await Promise.all(rows.map(({ private_jwe: jwe }) => opens(jwe, encryptionKey)));
  const closed = opened.filter((isOpen) => !isOpen).length;
  if (closed > 0) {
    return failure(`opens ${rows.length - closed} of ${rows.length} signing keys: use the one they were made with`);
  }
  return ok(`opens all ${rows.length} signing keys`);
}

const opens = (jwe: string, key: Uint8Array) =>
  unseal(jwe, key).then(
    () => true,
    () => false,
  );
