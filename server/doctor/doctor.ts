import { type Config, readConfig } from '../config.ts';
import { openDatabase } from '../database/database.ts';
import { openPostgres } from '../installation.ts';
import { checkDataDirectory } from './data-directory.ts';
import { check, type Finding, ok, warning } from './finding.ts';
import { checkClock, checkMigrations, checkPayments, checkVersion } from './database-state.ts';
import { checkPublicUrl } from './public-url.ts';
import { checkSigningKeys } from './signing-keys.ts';

export type { Finding } from './finding.ts';

/** Looks at everything that an installation stands on, and changes none of it: no table is made, no key, no file. */
export async function diagnose(env: Readonly<Record<string, string | undefined>>): Promise<Finding[]> {
  let read: Config | undefined;
  const configuration = await check('configuration', () => {
    read = readConfig(env);
    return ok(`PUBLIC_URL is ${read.publicUrl}`);
  });
  const config = read;
  if (!config) return [configuration];
  return [
    configuration,
    checkOrigins(config),
    checkProxies(config),
    await check('data directory', () => checkDataDirectory(config)),
    ...(await diagnoseDatabase(config)),
  ];
}

async function diagnoseDatabase(config: Config): Promise<Finding[]> {
  const open = async () => {
    const { connection, stop } = await openPostgres(config, 'beside');
    try {
      const database = await openDatabase({ connection, applicationName: 'billingos doctor', maxConnections: 2 });
      return {
        database,
        close: async () => {
          await database.close();
          await stop();
        },
      };
    } catch (error) {
      await stop();
      throw error;
    }
  };
  let opened: Awaited<ReturnType<typeof open>> | undefined;
  const reached = await check('database', async () => {
    opened = await open();
    return checkVersion(opened.database);
  });
  if (!opened) return [reached];
  const { database, close } = opened;
  try {
    return [
      reached,
      await check('migrations', () => checkMigrations(database)),
      await check('clock', () => checkClock(database)),
      await check('master key', () => checkSigningKeys(database, config)),
      await check('public URL', () => checkPublicUrl(database, config)),
      await check('payments in live', () => checkPayments(database)),
    ];
  } finally {
    await close();
  }
}

const checkOrigins = ({ allowedOrigins }: Config): Finding => ({
  check: 'allowed origins',
  ...(allowedOrigins.length > 0
    ? ok(allowedOrigins.join(', '))
    : warning('none: no page may call the API from a browser. Set BILLINGOS_ALLOWED_ORIGINS')),
});

const checkProxies = ({ publicUrl, trustedProxies }: Config): Finding => ({
  check: 'trusted proxies',
  ...(trustedProxies.length > 0 || !publicUrl.startsWith('https:')
    ? ok(trustedProxies.join(', ') || 'none')
    : warning('none, though PUBLIC_URL is https: all callers look like one address. Set BILLINGOS_TRUSTED_PROXIES')),
});
