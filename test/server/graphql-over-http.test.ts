import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Environment, environments } from '../../schema/environment.ts';
import { listen, type Listener } from '../../server/http/listener.ts';
import { createHarness, type Harness } from '../support/harness.ts';

let harness: Harness;
let listener: Listener;
/** In production a stranger may not look at the schema, as some audits do. */
let liveKey: string;

beforeAll(async () => {
  harness = await createHarness();
  listener = await listen({ answer: harness.app.answer, port: 0, host: '127.0.0.1', trustedProxies: [] });
  liveKey = (await harness.newMerchant('Live merchant', 'live')).secretKey;
});
afterAll(async () => {
  await listener.close(0);
  await harness.stop();
});

const paths: Readonly<Record<Environment, string>> = { live: '/graphql', test: '/sandbox/graphql' };

const fetchWithKey = (input: string | URL, init: RequestInit = {}) => {
  const headers = new Headers(init.headers);
  headers.set('authorization', `Bearer ${liveKey}`);
  return fetch(input, { ...init, headers });
};

describe.each(environments)('the %s endpoint', (environment) => {
  const audits = serverAudits({
    url: () => `http://127.0.0.1:${listener.port}${paths[environment]}`,
    fetchFn: environment === 'live' ? fetchWithKey : fetch,
  });

  test('faces every audit', () => expect(audits).toHaveLength(61));

  // Audit 9ABE and its like check that what is not JSON is refused; none is skipped.
  test.each(audits)('$name ($id)', async ({ fn }) => {
    const result = await fn();
    expect(result.status, 'reason' in result ? result.reason : '').toBe('ok');
  });
});
