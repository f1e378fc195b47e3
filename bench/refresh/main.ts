import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDatabase } from '../../server/database/database.ts';
import { startEmbedded } from '../../server/database/embedded.ts';
import { migrate } from '../../server/database/migrate.ts';
import { beginDay } from '../../test/simulator/day/day.ts';
import { emptyTally, liveDay, sumOf, type Tally } from '../../test/simulator/day/live.ts';
import { openBillingClient, type OpenClient } from '../../test/simulator/day/page-client.ts';
import { planOf } from '../../test/simulator/day/plan.ts';
import type { Plan } from '../../test/simulator/day/step.ts';
import { openService, type Service } from '../../test/simulator/day/service.ts';
import { openObviousHook } from './obvious-hook.ts';

// npm run refresh --prefix bench [days]: the same days, lived with the obvious hook and with our client.
const days = Number(process.argv[2] ?? 20);
const clients: Readonly<Record<string, OpenClient>> = { 'obvious hook': openObviousHook, BillingOS: openBillingClient };

const dataDirectory = await mkdtemp(join(tmpdir(), 'billingos-refresh-'));
const embedded = await startEmbedded({ dataDirectory, durability: 'fast' });
try {
  const database = await openDatabase({ connection: embedded.connection, applicationName: 'bench' });
  await migrate(database);
  await database.close();
  const service = await openService(embedded.connection);
  const page = pageOf(await compare(service), await stormOf(service));
  await service.close();
  console.log(page);
  const results = fileURLToPath(new URL('../results', import.meta.url));
  await mkdir(results, { recursive: true });
  await writeFile(join(results, 'refresh.md'), `${page}\n`);
} finally {
  await embedded.stop();
  await rm(dataDirectory, { recursive: true, force: true });
}

/** Day by day, first one and then the other. */
async function compare(service: Service): Promise<Record<string, Tally>> {
  const totals = Object.fromEntries(Object.keys(clients).map((name) => [name, emptyTally]));
  for (const plan of plansFor(days)) {
    for (const [name, openClient] of Object.entries(clients)) {
      const lived = await liveDay(service, plan, openClient);
      totals[name] = sumOf(totals[name] ?? emptyTally, lived.tally);
    }
  }
  return totals;
}

/** The first days with a calendar that is not ahead and tokens of more than ten minutes: on the others the obvious hook asks without end. */
function plansFor(count: number): Plan[] {
  const found: Plan[] = [];
  for (let seed = 0; found.length < count; seed += 1) {
    const { setting, steps } = planOf(seed);
    if (setting.calendarAheadMs > 0 || setting.lifetimeSeconds <= 600) continue;
    const calm = steps.filter(({ step }) => step.kind !== 'setCalendar');
    found.push({ steps: calm, setting: { ...setting, promises: 'counted' } });
  }
  return found;
}

/** Asks within two seconds of a page that has a token for a minute. */
async function stormOf(service: Service): Promise<Record<string, number>> {
  const setting = {
    ...planOf(0).setting,
    tabs: 1,
    lifetimeSeconds: 60,
    calendarAheadMs: 0,
    promises: 'counted' as const,
  };
  const asks: Record<string, number> = {};
  for (const [name, openClient] of Object.entries(clients)) {
    const day = await beginDay(service, setting, openClient);
    await day.step(2_000, { kind: 'operateAll' });
    asks[name] = day.ledger.fetches();
  }
  return asks;
}

function pageOf(totals: Record<string, Tally>, storm: Record<string, number>): string {
  const row = (what: string, of: (tally: Tally, name: string) => number | undefined) =>
    `| ${what} | ${Object.entries(totals)
      .map(([name, tally]) => (of(tally, name) ?? 0).toLocaleString('en'))
      .join(' | ')} |`;
  return [
    `# The same ${days} simulated days, twice`,
    '',
    'Written by `npm run refresh --prefix bench`: do not edit. The seeds of `test/simulator/day`: 1 to 20 tabs, tokens from ten minutes to one day, sleep,',
    'frozen tabs, faults, revocations, other users; the real service. Judged are operations that the world allowed to succeed, which depends a little on the',
    'client. Days with a calendar that is ahead or is set, or with tokens of ten minutes or less, are left out: on those the obvious hook asks without end.',
    '',
    `| | ${Object.keys(totals).join(' | ')} |`,
    `| --- | ${Object.keys(totals)
      .map(() => '---')
      .join(' | ')} |`,
    row('operations judged', ({ judged }) => judged),
    row('of these failed', ({ failed }) => failed),
    row('of these took a second or more', ({ stalled }) => stalled),
    row('asks of the merchant’s endpoint', ({ fetches }) => fetches),
    row('asks in two seconds, token of one minute', (_tally, name) => storm[name]),
  ].join('\n');
}
