import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../../server/database/database.ts';
import { startEmbedded } from '../../../server/database/embedded.ts';
import { migrate } from '../../../server/database/migrate.ts';
import { emptyTally, liveDay } from './model.ts';
import { openBillingClient } from './page-client.ts';
import { openService } from './service.ts';

// node --import tsx test/simulator/day/run.ts [from] [count]: the days of these seeds, one after the other.
const [from = 0, count = 100, shrinkForMs = 30_000] = process.argv.slice(2).map(Number);

const dataDirectory = await mkdtemp(join(tmpdir(), 'billingos-days-'));
const embedded = await startEmbedded({ dataDirectory, durability: 'fast' });
try {
  const database = await openDatabase({ connection: embedded.connection, applicationName: 'days' });
  await migrate(database);
  await database.close();
  const service = await openService(embedded.connection);
  const startedAt = performance.now();
  const tally = emptyTally();
  let failures = 0;
  for (let seed = from; seed < from + count; seed += 1) {
    const failure = await liveDay(service, seed, openBillingClient, tally, shrinkForMs);
    if (process.env['EACH']) console.error(seed, JSON.stringify(tally), Math.round(performance.now() - startedAt));
    if (failure) {
      failures += 1;
      console.log(failure);
    }
    if ((seed - from + 1) % 100 === 0)
      console.error(
        `${seed - from + 1} days, ${failures} failed, ${Math.round((performance.now() - startedAt) / 1000)} s`,
      );
    if (failures >= 5) break;
  }
  console.log(
    JSON.stringify({ from, count, failures, ...tally, seconds: Math.round((performance.now() - startedAt) / 1000) }),
  );
  await service.close();
} finally {
  await embedded.stop();
  await rm(dataDirectory, { recursive: true, force: true });
}
