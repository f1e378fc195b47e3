import { randomInt } from 'node:crypto';
import { expect, test } from 'vitest';
import { postmasterPid } from '../support/embedded.ts';
import { dataDirectory, type Environment, startServer, urlOf } from '../support/process.ts';
import { createDatabase } from '../support/postgres.ts';
import { acknowledgedIn, applyQuota, createLedger, lostIn } from './support/ledger.ts';
import { startLoad } from './support/load.ts';
import { inMs, report, spreadOf } from './support/report.ts';
import { rounds, timeout } from './support/rounds.ts';
import { common, onPostgres, type Service, startService } from './support/service.ts';

interface Victim {
  readonly name: string;
  readonly kills: number;
  readonly database: 'embedded' | 'own';
  kill(service: Service, dataDirectory: string): Promise<void>;
}

const killServer = async (service: Service) => void (await service.kill());

const victims: readonly Victim[] = [
  { name: 'a server with its embedded database', kills: rounds(1, 100), database: 'embedded', kill: killServer },
  { name: 'a server beside a PostgreSQL that goes on', kills: rounds(0, 100), database: 'own', kill: killServer },
  {
    name: 'the embedded PostgreSQL, which ends its server',
    kills: rounds(1, 50),
    database: 'embedded',
    async kill(service, directory) {
      process.kill(await postmasterPid(directory), 'SIGKILL');
      expect(await service.ended).toBe(1);
    },
  },
];

test.each(victims.filter(({ kills }) => kills > 0))(
  'H5 $name, killed at random moments, loses nothing that was acknowledged',
  { timeout },
  async ({ name, kills, database, kill }) => {
    const data = await dataDirectory();
    const env =
      database === 'own' ? onPostgres(urlOf(await createDatabase())) : { ...common, BILLINGOS_DATA_DIR: data.path };
    let service = await startService(env);
    await applyQuota(service.billingos);

    const total = { 'acknowledged writes': 0, 'right answers': 0 };
    const restarts: number[] = [];
    for (let round = 0; round < kills; round++) {
      const ledger = createLedger();
      const load = startLoad(service, ledger);
      await expect
        .poll(() => load.answers.right, { timeout: 60_000, interval: randomInt(1, 50) })
        .toBeGreaterThan(randomInt(60));
      await kill(service, data.path);
      await load.stop();
      expect(load.answers.wrong).toEqual([]);

      if (round % 4 === 3) await killWhileItStarts(env);
      const restartedAt = performance.now();
      service = await startService(env, service.secretKey);
      restarts.push(performance.now() - restartedAt);
      expect(await lostIn(ledger, service)).toEqual([]);
      total['acknowledged writes'] += acknowledgedIn(ledger);
      total['right answers'] += load.answers.right;
    }
    expect(await service.stop()).toBe(0);
    await data.remove();
    report({
      fault: `H5 SIGKILL: ${name}`,
      figures: { kills, ...total, lost: 0, 'wrong answers': 0, 'ready after': inMs(spreadOf(restarts)) },
    });
  },
);

/** Half way through its start, at the latest when it is ready. */
async function killWhileItStarts(env: Environment) {
  const kill = ({ pid }: { pid: number }) => setTimeout(() => process.kill(pid, 'SIGKILL'), randomInt(800));
  const server = await startServer(env, kill).catch(() => undefined);
  await server?.ended;
}
