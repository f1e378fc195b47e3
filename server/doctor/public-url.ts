import { sql } from 'drizzle-orm';
import { type Environment, environments } from '../../schema/environment.ts';
import type { Config } from '../config.ts';
import type { Database } from '../database/database.ts';
import { failure, ok, warning } from './finding.ts';

const timeoutMs = 3_000;

/** That who goes to PUBLIC_URL comes here: it answers with keys that are this database's. From here it may be out of reach. */
export async function checkPublicUrl({ db }: Pick<Database, 'db'>, { publicUrl, issuers }: Config) {
  const { rows } = await db.execute<{ environment: Environment; kid: string }>(
    sql`select environment, kid from signing_keys`,
  );
  for (const environment of environments) {
    const url = `${issuers[environment]}/.well-known/jwks.json`;
    const answered = await kidsAt(url);
    if (!answered) return warning(`${url} cannot be reached from here, so that nobody knows who answers there`);
    const own = new Set(rows.filter((row) => row.environment === environment).map(({ kid }) => kid));
    if (answered.length === 0 || !answered.every((kid) => own.has(kid))) {
      return failure(`${url} answers with keys that are not of this database: something else is there`);
    }
  }
  return ok(`${publicUrl} answers with the keys of this database`);
}

/** `undefined` when nothing answers; none when something else does. */
async function kidsAt(url: string): Promise<string[] | undefined> {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) }).catch(() => undefined);
  if (!response) return undefined;
  const body: unknown = response.ok ? await response.json().catch(() => undefined) : undefined;
  const keys = (body as { keys?: unknown } | undefined)?.keys;
  return Array.isArray(keys) ? keys.map((key: { kid?: unknown }) => String(key.kid)) : [];
}
