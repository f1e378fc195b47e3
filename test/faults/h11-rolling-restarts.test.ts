import { expect, test } from 'vitest';
import { BillingOS } from '../../client/node.ts';
import { createDatabase } from '../support/postgres.ts';
import { urlOf } from '../support/process.ts';
import { startBalancer } from './support/balancer.ts';
import { acknowledgedIn, applyQuota, createLedger, lostIn } from './support/ledger.ts';
import { startLoad } from './support/load.ts';
import { inMs, report, spreadOf } from './support/report.ts';
import { rounds, timeout } from './support/rounds.ts';
import { onPostgres, startService } from './support/service.ts';

const restarts = rounds(2, 20);

test('H11 servers that are restarted one after the other under load fail no request', { timeout }, async () => {
  const env = onPostgres(urlOf(await createDatabase()));
  const first = await startService(env);
  await applyQuota(first.billingos);
  let running = [first, await startService(env, first.secretKey)];
  const balancer = await startBalancer();
  balancer.use(running.map(({ port }) => port));

  const ledger = createLedger();
  const billingos = new BillingOS({ secretKey: first.secretKey, url: balancer.url, maxRetries: 0, timeoutMs: 30_000 });
  const load = startLoad({ url: balancer.url, billingos, processes: 'several' }, ledger);
  const stops: number[] = [];
  for (let restart = 0; restart < restarts; restart++) {
    const [oldest, ...others] = running;
    const stoppedAt = performance.now();
    expect(await oldest?.stop()).toBe(0);
    stops.push(performance.now() - stoppedAt);
    running = [...others, await startService(env, first.secretKey)];
    balancer.use(running.map(({ port }) => port));
    const { right } = load.answers;
    await expect.poll(() => load.answers.right, { timeout: 60_000 }).toBeGreaterThan(right + 20);
  }
  await load.stop();

  const [survivor] = running;
  if (survivor) expect(await lostIn(ledger, survivor)).toEqual([]);
  await Promise.all(running.map((service) => service.stop()));
  await balancer.close();
  const { right, unavailable, unreachable, wrong } = load.answers;
  expect(balancer.failures).toEqual([]);
  expect({ unavailable, unreachable, wrong }).toEqual({ unavailable: 0, unreachable: 0, wrong: [] });
  report({
    fault: 'H11 rolling restarts under load behind a balancer',
    figures: {
      restarts,
      'right answers': right,
      'failed requests': 0,
      'acknowledged writes': acknowledgedIn(ledger),
      lost: 0,
      'stopped within': inMs(spreadOf(stops)),
    },
  });
});
