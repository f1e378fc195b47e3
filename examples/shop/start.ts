import { createServer } from 'node:http';
import { BillingOS } from 'billingos/node';
import { invitation } from './launch/invitation.ts';
import { listen } from './launch/listen.ts';
import { withShopOrigins } from './launch/origins.ts';
import { buildPage, removePage } from './launch/page.ts';
import { startService } from './launch/service.ts';
import { LaunchError, publicUrlOf, readSettings, type Settings } from './launch/settings.ts';
import { createShopKey } from './launch/shop-key.ts';
import { stock } from './launch/stock.ts';
import { stopSignal } from './launch/stop-signal.ts';
import { createShop } from './server.ts';

/** Runs the shop with a billing service beside it until one of them ends. @returns the exit code. */
async function run(settings: Settings): Promise<number> {
  const server = createServer();
  const shopPort = await listen(server, settings.shopPort, settings.host);
  const env = withShopOrigins(settings.env, shopPort);
  const publicUrl = publicUrlOf(settings);
  const service = startService({ ...settings, env });
  const key = createShopKey(env);

  async function enter(): Promise<BillingOS> {
    const url = await service.ready;
    const billingos = new BillingOS({ url, secretKey: await key.make() });
    await stock(billingos, url, `http://localhost:${shopPort}`);
    return billingos;
  }
  const [billingos, page] = [enter(), buildPage()];
  server.on('request', createShop({ billingos, page, billingOrigin: new URL(publicUrl).origin }));

  async function open(): Promise<never> {
    await Promise.all([billingos, page]);
    process.stdout.write(invitation(`http://localhost:${shopPort}`, publicUrl));
    await key.tidy().catch(() => undefined);
    return new Promise(() => {});
  }

  const stop = stopSignal(() => {
    service.kill();
    process.exit(1);
  });
  try {
    await Promise.race([service.exit, stop, open()]);
  } finally {
    server.close();
    server.closeAllConnections();
    await page.then(removePage, () => undefined);
    await key.leave();
    service.stop();
    // The database is free now, and nobody needs to be told that the key has ended.
    if ((await service.exit) === 0) await key.end();
  }
  return service.exit;
}

try {
  process.exitCode = await run(readSettings(process.env));
} catch (error) {
  process.exitCode = 1;
  process.stderr.write(`${error instanceof LaunchError ? error.message : String(error)}\n`);
}
