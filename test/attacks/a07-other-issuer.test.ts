import { afterAll, beforeAll, expect, test } from 'vitest';
import { createForge, expectAllRefused, type Forge, sign, useToken } from '../support/forge.ts';
import { createHarness, type Harness } from '../support/harness.ts';

let harness: Harness;
let sandbox: Forge;
let live: Forge;
beforeAll(async () => {
  harness = await createHarness();
  sandbox = await createForge(harness);
  live = await createForge(harness, 'live');
});
afterAll(() => harness.stop());

test('A7 a token of another issuer is refused though the real key signed it', async () => {
  const { test: own, live: other } = harness.issuers;
  const issuers = [
    other,
    'https://attacker.example',
    `${own}/`,
    `${own}/graphql`,
    own.toUpperCase(),
    own.replace('http:', 'https:'),
    `${own}.attacker.example`,
    `${own}?`,
    [own],
    [own, 'https://attacker.example'],
    {},
    '',
  ];
  await expectAllRefused(harness, await Promise.all(issuers.map((iss) => sandbox.signed({ payload: { iss } }))));
});

test('A7 a token of another instance with the same address is refused', async () => {
  const other = await createHarness();
  try {
    const { token } = await createForge(other);
    expect((await useToken(other, token)).status).toBe(200);
    await expectAllRefused(harness, [token]);
  } finally {
    await other.stop();
  }
});

test('A7 a live token under the prefix of the sandbox is refused by the sandbox, and the reverse', async () => {
  const asTest = sandbox.genuine.prefix + live.genuine.segments.join('.');
  const asLive = live.genuine.prefix + sandbox.genuine.segments.join('.');
  await expectAllRefused(harness, [asTest], 'test');
  await expectAllRefused(harness, [asLive], 'live');
});

test('A7 a token must agree with its endpoint in key, issuer and environment: none of them alone is enough', async () => {
  const { live: iss } = harness.issuers;
  const payload = sandbox.genuine.payload;
  const forged = [
    // The live key, everything else of the sandbox.
    sign(live.privateKey, sandbox.genuine.header, payload),
    sign(live.privateKey, live.genuine.header, payload),
    // The sandbox's key, one claim of live, or both.
    sign(sandbox.privateKey, sandbox.genuine.header, { ...payload, env: 'live' }),
    sign(sandbox.privateKey, sandbox.genuine.header, { ...payload, iss }),
    sign(sandbox.privateKey, sandbox.genuine.header, { ...payload, iss, env: 'live' }),
    sign(sandbox.privateKey, sandbox.genuine.header, { ...payload, env: 'TEST' }),
  ];
  const tokens = await Promise.all(forged);
  await expectAllRefused(
    harness,
    tokens.map((jws) => sandbox.genuine.prefix + jws),
    'test',
  );
  await expectAllRefused(
    harness,
    tokens.map((jws) => live.genuine.prefix + jws),
    'live',
  );
});

test('A7 a token that its own endpoint has accepted is refused by the other', async () => {
  expect((await useToken(harness, sandbox.token, 'test')).status).toBe(200);
  expect((await useToken(harness, sandbox.token, 'live')).code).toBe('WRONG_ENVIRONMENT');
  expect((await useToken(harness, live.token, 'live')).status).toBe(200);
  expect((await useToken(harness, live.token, 'test')).code).toBe('WRONG_ENVIRONMENT');
});
