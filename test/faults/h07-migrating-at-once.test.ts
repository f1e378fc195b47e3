import { randomInt } from 'node:crypto';
import { expect, test } from 'vitest';
import { ask } from '../support/embedded.ts';
import { createEmptyDatabase } from '../support/postgres.ts';
import { startServer, urlOf } from '../support/process.ts';
import { report } from './support/report.ts';
import { rounds, timeout } from './support/rounds.ts';
import { firstKeyOf, onPostgres, serviceAt } from './support/service.ts';

const starts = rounds(1, 20);

test('H7 two servers that migrate an empty database at once both serve it, as one', { timeout }, async () => {
  for (let start = 0; start < starts; start++) {
    const database = await createEmptyDatabase();
    const env = onPostgres(urlOf(database));
    const servers = await Promise.all([startServer(env), startServer(env)]);
    const keys = servers.map(firstKeyOf).filter((key) => key !== '');
    expect(keys).toHaveLength(1);

    const [one, other] = servers.map((server) => serviceAt(server, keys[0] ?? ''));
    const { sessionToken } = (await one?.billingos.createSessionToken({ externalUserId: 'ada' })) ?? {};
    expect(await other?.billingos.introspectSession(sessionToken ?? '')).toMatchObject({ active: true });
    expect(await Promise.all(servers.map((server) => server.stop()))).toEqual([0, 0]);
  }
  report({ fault: 'H7 two servers migrate at once', figures: { starts, failed: 0 } });
});

const kills = rounds(1, 20);

test('H7 a server that is killed while it migrates leaves nothing half done', { timeout }, async () => {
  for (let kill = 0; kill < kills; kill++) {
    const database = await createEmptyDatabase();
    const env = onPostgres(urlOf(database));
    const doomed = await startServer(env, ({ pid }) =>
      setTimeout(() => process.kill(pid, 'SIGKILL'), randomInt(1_000)),
    ).catch(() => undefined);
    await doomed?.ended;
    const server = await startServer(env);
    expect(await ask(database, 'select count(*)::int from merchants')).toEqual([1]);
    expect(await server.stop()).toBe(0);
  }
  report({ fault: 'H7 SIGKILL during the first start', figures: { kills, failed: 0 } });
});
