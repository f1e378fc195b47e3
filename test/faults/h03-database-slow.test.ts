import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase } from '../support/postgres.ts';
import { type Proxy, startProxy } from '../support/proxy.ts';
import { applyQuota, createLedger, lostIn } from './support/ledger.ts';
import { startLoad } from './support/load.ts';
import { inMs, report, spreadOf } from './support/report.ts';
import { boundMs, rounds, timeout } from './support/rounds.ts';
import { answerTo, onPostgres, type Service, startService, urlThrough } from './support/service.ts';

let proxy: Proxy;
let service: Service;
beforeAll(async () => {
  const { directory, database } = await createDatabase();
  proxy = await startProxy(join(directory, '.s.PGSQL.5432'));
  service = await startService(onPostgres(urlThrough(proxy.port, database)));
  await applyQuota(service.billingos);
}, timeout);
afterAll(async () => {
  await service.stop();
  await proxy.close();
}, timeout);

test('H3 a database that takes its time makes answers slow, and none wrong', { timeout }, async () => {
  const ledger = createLedger();
  proxy.delay(50);
  const load = startLoad(service, ledger);
  await expect.poll(() => load.answers.right, { timeout: 600_000 }).toBeGreaterThan(rounds(20, 2_000));
  await load.stop();
  proxy.heal();
  expect(load.answers).toMatchObject({ unavailable: 0, unreachable: 0, wrong: [] });
  expect(await lostIn(ledger, service)).toEqual([]);
  report({
    fault: 'H3 PostgreSQL 50 ms away, each way',
    figures: { 'right answers': load.answers.right, 'answered 503': 0, 'wrong answers': 0 },
  });
});

const silences = rounds(1, 10);
/** A statement is given up after 6 s, a request after 10. */
const deadlineMs = boundMs({ alone: 11_000, beside: 20_000 });

test(
  'H3 a database that has fallen silent is a 503 in time, and is served again when it speaks',
  { timeout },
  async () => {
    const { sessionToken } = await service.billingos.createSessionToken({ externalUserId: 'ada' });
    const waits: number[] = [];
    const recoveries: number[] = [];
    for (let silence = 0; silence < silences; silence++) {
      proxy.drop();
      const askedAt = performance.now();
      const asked = Array.from({ length: 8 }, (_, at) =>
        at % 2 === 0
          ? service.billingos
              .createSessionToken({ externalUserId: 'ada' })
              .catch((error: { code: string }) => error.code)
          : answerTo(service.url, sessionToken),
      );
      expect(new Set(await Promise.all(asked))).toEqual(new Set(['UNAVAILABLE']));
      waits.push(performance.now() - askedAt);

      proxy.heal();
      const healedAt = performance.now();
      await expect.poll(() => answerTo(service.url, sessionToken), { interval: 5, timeout: 10_000 }).toBe('accepted');
      recoveries.push(performance.now() - healedAt);
    }
    report({
      fault: 'H3 PostgreSQL falls silent',
      figures: {
        silences,
        'wrong answers': 0,
        '503 after': inMs(spreadOf(waits)),
        'served again after': inMs(spreadOf(recoveries)),
      },
    });
    expect(spreadOf(waits).most).toBeLessThan(deadlineMs);
    expect(spreadOf(recoveries).most).toBeLessThan(boundMs({ alone: 2_000, beside: 10_000 }));
  },
);
