import { afterAll, beforeAll, expect, test } from 'vitest';
import { BillingOS } from '../../client/node.ts';
import { createDatabase } from '../support/postgres.ts';
import { type ServerProcess, startServer, urlOf } from '../support/process.ts';

// Two collections of what is young, as V8 makes them all the time, and then what it takes for old: only a full one frees that.
const measuring = `
  import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
  import { runInNewContext } from 'node:vm';
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  process.on('SIGUSR2', () => {
    collect({ type: 'minor' });
    collect({ type: 'minor' });
    const old = getHeapSpaceStatistics().filter((space) => !space.space_name.startsWith('new'));
    console.log('old: ' + old.reduce((sum, space) => sum + space.space_used_size, 0) + ' bytes');
  });`;

let server: ServerProcess;

beforeAll(async () => {
  server = await startServer({
    DATABASE_URL: urlOf(await createDatabase()),
    BILLINGOS_MASTER_KEY: 'a master key of the tests, long enough',
    BILLINGOS_RATE_LIMIT: '0',
    BILLINGOS_RATE_LIMIT_CUSTOMER: '0',
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(measuring)}`,
  });
});
afterAll(() => server.stop());

async function oldBytes(): Promise<number> {
  const read = () => server.stdout().match(/(?<=old: )\d+(?= bytes)/g) ?? [];
  const before = read().length;
  process.kill(server.pid, 'SIGUSR2');
  await expect.poll(() => read().length).toBe(before + 1);
  return Number(read().at(-1));
}

const requests = 2_000;
/** Of a request, for good. It needs some 50,000 while it is answered; with one of them kept, most of them are. */
const mostBytes = 2_000;

const ask = (credential: string, query: string) => async () => {
  const response = await fetch(`${server.url}/sandbox/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${credential}` },
    body: JSON.stringify({ query }),
  });
  expect((await response.json()).errors).toBeUndefined();
};

test.each(['createSession', 'viewer'] as const)('what %s needed is free after quick collections', async (field) => {
  const secretKey = /sk_test_\w+/.exec(server.stdout())?.[0] ?? '';
  const billingos = new BillingOS({ secretKey, url: server.url });
  const { sessionToken } = await billingos.createSessionToken({ externalUserId: 'ada' });
  const call = {
    createSession: ask(secretKey, 'mutation { createSession(input: { externalUserId: "ada" }) { sessionToken } }'),
    viewer: ask(sessionToken, '{ viewer { id email } }'),
  }[field];
  const inTurns = async (count: number) => {
    for (let at = 0; at < count; at += 10) await Promise.all(Array.from({ length: 10 }, call));
  };

  await inTurns(requests);
  const before = await oldBytes();
  await inTurns(requests);
  expect(((await oldBytes()) - before) / requests).toBeLessThan(mostBytes);
});
