import { execFileSync } from 'node:child_process';
import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createDatabase } from '../support/postgres.ts';
import { urlOf } from '../support/process.ts';
import { collectingAtSignal } from './support/collecting.ts';
import { applyQuota, useOf } from './support/ledger.ts';
import { report, spreadOf } from './support/report.ts';
import { longLoadMs, rounds, timeout } from './support/rounds.ts';
import { answerTo, onPostgres, startService } from './support/service.ts';

const residentMib = (pid: number) => Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)])) / 1024;

/** Time for the collector, and for what it gives back to the system. */
const collectingMs = 200;

/** Without what is garbage: left to itself, V8 lets it grow for minutes. */
async function neededMib(pid: number): Promise<number> {
  process.kill(pid, 'SIGUSR2');
  await delay(collectingMs);
  return residentMib(pid);
}

const clients = 4;
const customers = 200;
const samples = rounds(10, 100);
/** Between the middle of a run and its end: heaps are torn a little. A few hundred bytes kept of each request would be more. */
const mostGrowthMib = 8;

test('H12 memory stays where it is under a load that does not change', { timeout }, async () => {
  const service = await startService({ ...onPostgres(urlOf(await createDatabase())), ...collectingAtSignal });
  const { billingos, url, pid } = service;
  await applyQuota(billingos);
  const tokens: string[] = [];
  for (let at = 0; at < rounds(20, customers); at++) {
    // As long as a token may live: the load goes on for an hour.
    const { sessionToken } = await billingos.createSessionToken({ externalUserId: `user-${at}`, expiresIn: 86_400 });
    tokens.push(sessionToken);
  }

  const over = new AbortController();
  let requests = 0;
  const client = async () => {
    while (!over.signal.aborted) {
      const at = randomInt(tokens.length);
      const { customer } = await billingos.createSessionToken({ externalUserId: `user-${at}` });
      await billingos.recordUsage(useOf({ customerId: customer.id, idempotencyKey: randomUUID() }));
      expect(await answerTo(url, tokens[at] ?? '')).toBe('accepted');
      requests += 3;
    }
  };
  const load = Promise.all(Array.from({ length: clients }, client));
  const resident: number[] = [];
  for (let sample = 0; sample < samples; sample++) {
    // The load ends before its time only when it fails.
    await Promise.race([delay(longLoadMs / samples - collectingMs), load]);
    resident.push(await neededMib(pid));
  }
  over.abort();
  await load;
  expect(await service.stop()).toBe(0);

  const medianOf = (from: number, to: number) =>
    spreadOf(resident.slice(Math.floor(from * samples), Math.floor(to * samples))).median;
  const [early, middle, late] = [medianOf(0.1, 0.2), medianOf(0.4, 0.6), medianOf(0.8, 1)];
  report({
    fault: 'H12 a load that does not change',
    figures: {
      minutes: Math.round(longLoadMs / 6_000) / 10,
      requests,
      'needed after 15 %': `${early} MiB`,
      '50 %': `${middle} MiB`,
      '90 %': `${late} MiB`,
    },
  });
  expect(late - middle).toBeLessThan(mostGrowthMib);
});
