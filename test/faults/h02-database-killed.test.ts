import { afterAll, beforeAll, expect, test } from 'vitest';
import { urlOf } from '../support/process.ts';
import { acknowledgedIn, applyQuota, createLedger, lostIn } from './support/ledger.ts';
import { startLoad } from './support/load.ts';
import { type KillablePostgres, startPostgres } from './support/postgres.ts';
import { inMs, report, spreadOf } from './support/report.ts';
import { boundMs, rounds, timeout } from './support/rounds.ts';
import { onPostgres, type Service, startService } from './support/service.ts';

let postgres: KillablePostgres;
let service: Service;
beforeAll(async () => {
  postgres = await startPostgres();
  service = await startService(onPostgres(urlOf(postgres.connection)));
  await applyQuota(service.billingos);
}, timeout);
afterAll(async () => {
  await service.stop();
  await postgres.remove();
}, timeout);

const kills = rounds(2, 25);
/** More for a machine that runs other tests beside this. */
const promiseMs = boundMs({ alone: 2_000, beside: 10_000 });

test(
  'H2 a database that is killed under load loses nothing that was acknowledged, and is served again within two seconds',
  { timeout },
  async () => {
    const recoveries: number[] = [];
    const total = { 'right answers': 0, 'answered 503': 0, 'acknowledged writes': 0 };
    for (let kill = 0; kill < kills; kill++) {
      const ledger = createLedger();
      const load = startLoad(service, ledger);
      await expect.poll(() => load.answers.right, { timeout: 60_000 }).toBeGreaterThan(10 + Math.random() * 50);
      await postgres.kill();
      await expect.poll(() => load.answers.unavailable).toBeGreaterThan(0);
      await postgres.start();
      const backAt = performance.now();
      await expect.poll(() => load.answers.lastRightAt, { interval: 5, timeout: 10_000 }).toBeGreaterThan(backAt);
      recoveries.push(load.answers.lastRightAt - backAt);
      await load.stop();

      expect(load.answers.wrong).toEqual([]);
      expect(load.answers.unreachable).toBe(0);
      expect(await lostIn(ledger, service)).toEqual([]);
      total['right answers'] += load.answers.right;
      total['answered 503'] += load.answers.unavailable;
      total['acknowledged writes'] += acknowledgedIn(ledger);
    }
    const recovery = spreadOf(recoveries);
    report({
      fault: 'H2 PostgreSQL killed and restarted under load',
      figures: { kills, ...total, lost: 0, 'wrong answers': 0, 'served again after': inMs(recovery) },
    });
    expect(recovery.most).toBeLessThan(promiseMs);
  },
);
