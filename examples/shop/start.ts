import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BillingOS } from 'billingos/node';
import type { Express } from 'express';
import { buildPage } from './launch/page.ts';
import { startService, type Service } from './launch/service.ts';
import { LaunchError, publicUrlOf, readSettings, type Settings } from './launch/settings.ts';
import { createShopKey, endKey, endOlderKeys, type ShopKey } from './launch/shop-key.ts';
import { invitation } from './launch/invitation.ts';
import { createShop } from './server.ts';

try {
  process.exitCode = await run(readSettings(process.env));
} catch (error) {
  process.exitCode = 1;
  process.stderr.write(error instanceof LaunchError ? `${error.message}\n` : `${String(error)}\n`);
}

/** Runs the shop with a billing service beside it until one of them ends. @returns the exit code. */
async function run(settings: Settings): Promise<number> {
  const billingos = Promise.withResolvers<BillingOS>();
  throw new LaunchError(String(billingos));
}
