import type { Settings } from './settings.ts';

/** The service lets the shop's page call it, under both names of this machine, beside the pages that its user names. */
export const withShopOrigins = (env: Settings['env'], shopPort: number): Settings['env'] => ({
  ...env,
  BILLINGOS_ALLOWED_ORIGINS: [
    ...(env['BILLINGOS_ALLOWED_ORIGINS'] ? [env['BILLINGOS_ALLOWED_ORIGINS']] : []),
    `http://localhost:${shopPort}`,
    `http://127.0.0.1:${shopPort}`,
  ].join(','),
});
