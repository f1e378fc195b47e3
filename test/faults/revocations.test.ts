import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase } from '../support/postgres.ts';
import { type Proxy, startProxy } from '../support/proxy.ts';
import { inMs, report, spreadOf } from './support/report.ts';
import { boundMs, rounds, timeout } from './support/rounds.ts';
import { answerTo, onPostgres, type Service, startService, urlThrough } from './support/service.ts';

let proxy: Proxy;
/** Revokes. */
let first: Service;
/** See it; the first of them behind the proxy. */
let others: readonly Service[];
beforeAll(async () => {
  const { directory, user, database } = await createDatabase();
  const socketPath = join(directory, '.s.PGSQL.5432');
  proxy = await startProxy(socketPath);
  const direct = onPostgres(`postgres:///${database}?host=${encodeURIComponent(directory)}&user=${user}`);
  first = await startService(direct);
  others = [await startService(onPostgres(urlThrough(proxy.port, database)), first.secretKey)];
  for (let more = 0; more < rounds(0, 1); more++) others = [...others, await startService(direct, first.secretKey)];
}, timeout);
afterAll(async () => {
  for (const service of [first, ...others]) await service.stop();
  await proxy.close();
}, timeout);

const behindProxy = (): Service => others[0] ?? first;

const revocations = rounds(20, 400);
const atOnce = 10;
/** What is promised; a machine that runs other tests beside this may need longer to ask. */
const seenWithinMs = boundMs({ alone: 1_000, beside: 3_000 });

const newSession = async () => {
  const { sessionToken, session } = await first.billingos.createSessionToken({ externalUserId: 'ada' });
  return { token: sessionToken, id: session.id };
};

/** How long after the answer to its revocation a token was last accepted at any process; asked without a pause. */
async function seenAfterMs(): Promise<number> {
  const { token, id } = await newSession();
  for (const { url } of others) expect(await answerTo(url, token)).toBe('accepted');
  await first.billingos.revokeSession(id);
  const revokedAt = performance.now();
  const lastAccepted = others.map(async ({ url }) => {
    let acceptedAt = revokedAt;
    for (;;) {
      const askedAt = performance.now();
      const answer = await answerTo(url, token);
      if (answer === 'TOKEN_REVOKED') return acceptedAt - revokedAt;
      expect(answer).toBe('accepted');
      acceptedAt = askedAt;
    }
  });
  return Math.max(...(await Promise.all(lastAccepted)));
}

test('a revocation is seen by every process within a second', { timeout }, async () => {
  const seen: number[] = [];
  while (seen.length < revocations) seen.push(...(await Promise.all(Array.from({ length: atOnce }, seenAfterMs))));
  const spread = spreadOf(seen);
  report({
    fault: `revocations seen by ${others.length} other processes`,
    figures: { revocations: seen.length, 'last accepted after': inMs(spread) },
  });
  expect(spread.most).toBeLessThan(seenWithinMs);
});

const cuts = rounds(1, 20);
const ways = ['cut', 'drop'] as const;

test.each(ways)(
  'without its feed (%s) a process asks the database, and refuses what was revoked',
  { timeout },
  async (way) => {
    for (let cut = 0; cut < cuts; cut++) {
      const [kept, ended] = [await newSession(), await newSession()];
      expect(await answerTo(behindProxy().url, ended.token)).toBe('accepted');
      proxy[way]({ only: 'billingos feed' });
      await first.billingos.revokeSession(ended.id);
      await expect
        .poll(() => answerTo(behindProxy().url, ended.token), { interval: 20, timeout: seenWithinMs })
        .toBe('TOKEN_REVOKED');
      expect(await answerTo(behindProxy().url, kept.token)).toBe('accepted');
      proxy.heal();
    }
    report({ fault: `the feed’s connection alone (${way})`, figures: { cuts, 'accepted after a second': 0 } });
  },
);

test.each(ways)(
  'without a database (%s) nobody’s token is accepted, and a revoked one never again',
  { timeout },
  async (way) => {
    const recoveries: number[] = [];
    for (let cut = 0; cut < cuts; cut++) {
      const [kept, ended] = [await newSession(), await newSession()];
      expect(await answerTo(behindProxy().url, ended.token)).toBe('accepted');
      proxy[way]();
      await first.billingos.revokeSession(ended.id);
      const revokedAt = performance.now();
      // Until memory is too old to be believed, it is believed.
      await expect.poll(() => performance.now() - revokedAt, { timeout: 10_000 }).toBeGreaterThan(seenWithinMs);
      const asked = Array.from({ length: 20 }, (_, at) => answerTo(behindProxy().url, (at % 2 ? kept : ended).token));
      expect(new Set(await Promise.all(asked))).toEqual(new Set(['UNAVAILABLE']));

      proxy.heal();
      const healedAt = performance.now();
      await expect
        .poll(() => answerTo(behindProxy().url, kept.token), { interval: 5, timeout: 10_000 })
        .toBe('accepted');
      recoveries.push(performance.now() - healedAt);
      expect(await answerTo(behindProxy().url, ended.token)).toBe('TOKEN_REVOKED');
    }
    report({
      fault: `every connection to PostgreSQL (${way})`,
      figures: { cuts, 'wrong answers': 0, 'served again after': inMs(spreadOf(recoveries)) },
    });
    expect(spreadOf(recoveries).most).toBeLessThan(boundMs({ alone: 2_000, beside: 10_000 }));
  },
);

const sleeps = rounds(1, 20);

test('H9 a process that slept refuses what was revoked meanwhile, from its first answer on', { timeout }, async () => {
  const { pid, url } = behindProxy();
  for (let sleep = 0; sleep < sleeps; sleep++) {
    const ended = await newSession();
    expect(await answerTo(url, ended.token)).toBe('accepted');
    process.kill(pid, 'SIGSTOP');
    const sleptAt = performance.now();
    await first.billingos.revokeSession(ended.id);
    const asked = Array.from({ length: 10 }, () => answerTo(url, ended.token));
    await expect.poll(() => performance.now() - sleptAt, { timeout: 3_000 }).toBeGreaterThan(1_100);
    process.kill(pid, 'SIGCONT');
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['TOKEN_REVOKED']));
  }
  report({
    fault: 'H9 a process is stopped for a second (SIGSTOP)',
    figures: { sleeps, 'accepted after a second': 0 },
  });
});
